using AkkaCp.Testing;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Parts of a case with one request.</summary>
internal static class AttentionRows
{
    /// <summary>Rows [first, first + count) of the sequence, with its first <paramref name="keys"/> keys.</summary>
    public static AttentionCase Of(AttentionCase whole, int first, int count, int keys)
    {
        var (queryRow, keyRow) = (whole.Heads * whole.D, whole.KvHeads * whole.D);
        return whole.With(
            [whole.Queries[0].AsSpan(first * queryRow, count * queryRow).ToArray()],
            [whole.Keys[0].AsSpan(0, keys * keyRow).ToArray()],
            [whole.Values[0].AsSpan(0, keys * keyRow).ToArray()]);
    }

    /// <summary>The rows between other requests.</summary>
    public static AttentionCase Among(Rng rng, AttentionCase chunk, out int place)
    {
        place = rng.Next(3);
        int[] q = [.. Enumerable.Range(0, 2).Select(_ => rng.Next(0, 12))];
        int[] k = [.. q.Select(n => n + rng.Next(80))];
        var others = AttentionCase.Random(rng, chunk.Heads, chunk.KvHeads, chunk.D, q, k);
        float[][] Mix(float[][] two, float[] one, int at) => [.. two[..at], one, .. two[at..]];
        return chunk.With(
            Mix(others.Queries, chunk.Queries[0], place), Mix(others.Keys, chunk.Keys[0], place),
            Mix(others.Values, chunk.Values[0], place));
    }
}
