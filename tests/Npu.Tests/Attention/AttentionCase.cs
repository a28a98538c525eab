using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>
/// Requests with their own queries, keys and values, which can be put through the operator in any layout, paging and type.
/// Queries of a request are [q, N, D], keys and values [k, kvN, D].
/// </summary>
internal sealed class AttentionCase
{
    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int D { get; init; }

    public float Scale { get; init; } = 0.25f;

    public int SparseMode { get; init; } = 3;

    public int Pre { get; init; } = int.MaxValue;

    public int Next { get; init; } = int.MaxValue;

    public FiaMask? Mask { get; init; } = FiaMask.Compressed;

    public required float[][] Queries { get; init; }

    public required float[][] Keys { get; init; }

    public required float[][] Values { get; init; }

    public int Requests => Queries.Length;

    public static AttentionCase Random(Rng rng, int heads, int kvHeads, int d, int[] q, int[] k, float amplitude = 1f) => new()
    {
        Heads = heads,
        KvHeads = kvHeads,
        D = d,
        Queries = [.. q.Select(n => rng.Floats(n * heads * d, amplitude))],
        Keys = [.. k.Select(n => rng.Floats(n * kvHeads * d, amplitude))],
        Values = [.. k.Select(n => rng.Floats(n * kvHeads * d))],
    };

    public int QueryRows(int b) => Queries[b].Length / (Heads * D);

    public int KeyRows(int b) => Keys[b].Length / (KvHeads * D);

    public AttentionCase With(float[][]? queries = null, float[][]? keys = null, float[][]? values = null) => new()
    {
        Heads = Heads,
        KvHeads = KvHeads,
        D = D,
        Scale = Scale,
        SparseMode = SparseMode,
        Pre = Pre,
        Next = Next,
        Mask = Mask,
        Queries = queries ?? Queries,
        Keys = keys ?? Keys,
        Values = values ?? Values,
    };

    /// <summary>Packed rows with keys one after another.</summary>
    public AttentionResult RunPacked(CpuDevice device)
    {
        using var key = Packed(device, Keys);
        using var value = Packed(device, Values);
        return RunPacked(device, arguments => arguments with
        {
            Key = key,
            Value = value,
            ActualSeqLengthsKv = Cumulative(Keys, KvHeads),
        });
    }

    /// <summary>Packed rows with keys in pages, shuffled, every unused slot full of NaN.</summary>
    public AttentionResult RunPaged(CpuDevice device, int blockSize, DType dtype = DType.F32, int seed = 1)
    {
        using var pages = new PagedKv(device, this, blockSize, dtype, seed);
        return RunPacked(device, arguments => arguments with
        {
            Key = pages.Key,
            Value = pages.Value,
            BlockTable = pages.Table,
            BlockTableRows = Requests,
            BlockSize = blockSize,
            ActualSeqLengthsKv = [.. Enumerable.Range(0, Requests).Select(KeyRows)],
        });
    }

    /// <summary>[B, S, N, D] or [B, N, S, D], padded with NaN to the longest request.</summary>
    public AttentionResult RunBatched(CpuDevice device, FiaInputLayout layout)
    {
        var (s, sKv) = (Enumerable.Range(0, Requests).Max(QueryRows), Enumerable.Range(0, Requests).Max(KeyRows));
        using var query = Batched(device, layout, Queries, Heads, s);
        using var key = Batched(device, layout, Keys, KvHeads, sKv);
        using var value = Batched(device, layout, Values, KvHeads, sKv);
        using var output = new FencedTensor(device.Memory, DType.F32, Shape(layout, Heads, s));
        using var lse = new FencedTensor(device.Memory, DType.F32, [Requests, Heads, s, 1]);
        device.FusedInferAttentionScore(Arguments(query, output, lse) with
        {
            InputLayout = layout,
            Key = key,
            Value = value,
            ActualSeqLengths = [.. Enumerable.Range(0, Requests).Select(QueryRows)],
            ActualSeqLengthsKv = [.. Enumerable.Range(0, Requests).Select(KeyRows)],
        });
        output.AssertFence();
        lse.AssertFence();
        var (flat, flatLse) = (output.Read(), lse.Read());
        var result = new AttentionResult(this);
        for (var b = 0; b < Requests; b++)
        {
            for (var i = 0; i < s; i++)
            {
                for (var h = 0; h < Heads; h++)
                {
                    var row = flat.AsSpan(At(layout, Heads, s, b, i, h), D);
                    var rowLse = flatLse[(((b * Heads) + h) * s) + i];
                    if (i < QueryRows(b))
                    {
                        result.Set(b, i, h, row, rowLse);
                    }
                    else
                    {
                        Assert.True(row.IndexOfAnyExcept(0f) < 0, "a row behind the query length is not zero");
                        Assert.Equal(float.PositiveInfinity, rowLse);
                    }
                }
            }
        }

        return result;
    }

    private AttentionResult RunPacked(CpuDevice device, Func<FiaArguments, FiaArguments> withKeys)
    {
        using var query = Packed(device, Queries, gap: 5);
        using var output = new FencedTensor(device.Memory, DType.F32, [query.View.Rows, Heads, D], gap: 3);
        using var lse = new FencedTensor(device.Memory, DType.F32, [query.View.Rows, Heads, 1]);
        device.FusedInferAttentionScore(withKeys(Arguments(query, output, lse) with { ActualSeqLengths = Cumulative(Queries, Heads) }));
        output.AssertFence();
        lse.AssertFence();
        var (flat, flatLse) = (output.Read(), lse.Read());
        var result = new AttentionResult(this);
        var row = 0;
        for (var b = 0; b < Requests; b++)
        {
            for (var i = 0; i < QueryRows(b); i++, row++)
            {
                for (var h = 0; h < Heads; h++)
                    result.Set(b, i, h, flat.AsSpan(((row * Heads) + h) * D, D), flatLse[(row * Heads) + h]);
            }
        }

        return result;
    }

    private FiaArguments Arguments(TensorView query, TensorView output, TensorView lse) => new()
    {
        Query = query,
        Key = query,
        Value = query,
        Output = output,
        SoftmaxLse = lse,
        NumHeads = Heads,
        NumKeyValueHeads = KvHeads,
        Scale = Scale,
        SparseMode = SparseMode,
        PreTokens = Pre,
        NextTokens = Next,
        AttenMask = Mask,
    };

    private FencedTensor Packed(CpuDevice device, float[][] requests, int gap = 2)
    {
        var heads = ReferenceEquals(requests, Queries) ? Heads : KvHeads;
        var all = requests.SelectMany(r => r).ToArray();
        return new FencedTensor(device.Memory, DType.F32, [all.Length / (heads * D), heads, D], gap).Write(all);
    }

    private int[] Cumulative(float[][] requests, int heads)
    {
        var sum = 0;
        return [.. requests.Select(r => sum += r.Length / (heads * D))];
    }

    private int[] Shape(FiaInputLayout layout, int heads, int s) =>
        layout == FiaInputLayout.Bsnd ? [Requests, s, heads, D] : [Requests, heads, s, D];

    private int At(FiaInputLayout layout, int heads, int s, int b, int i, int h) =>
        (layout == FiaInputLayout.Bsnd ? (((b * s) + i) * heads) + h : (((b * heads) + h) * s) + i) * D;

    private FencedTensor Batched(CpuDevice device, FiaInputLayout layout, float[][] requests, int heads, int s)
    {
        var all = new float[Requests * heads * s * D];
        all.AsSpan().Fill(float.NaN);
        for (var b = 0; b < Requests; b++)
        {
            for (var row = 0; row < requests[b].Length / D; row++)
            {
                var at = At(layout, heads, s, b, row / heads, row % heads);
                requests[b].AsSpan(row * D, D).CopyTo(all.AsSpan(at));
            }
        }

        return new FencedTensor(device.Memory, DType.F32, Shape(layout, heads, s), gap: 4).Write(all);
    }
}
