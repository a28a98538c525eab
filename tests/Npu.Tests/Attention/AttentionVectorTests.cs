using System.Text.Json;
using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>The operator's rules and numbers as tests/vectors/cp.json has them.</summary>
public sealed class AttentionVectorTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });

    public static TheoryData<string> Semantics => [.. CpVectors.CaseNames("fia_semantics")];

    public static TheoryData<string> Numeric => [.. CpVectors.CaseNames("fia_numeric")];

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Theory]
    [MemberData(nameof(Semantics))]
    public void SparseMode_ShowsTheKeysOfTheVectors(string name)
    {
        var vector = CpVectors.Case("fia_semantics", name);
        var (q, k) = (vector.Int("q_len"), vector.Int("kv_len"));
        var mode = vector.Int("sparse_mode");
        var c = new AttentionCase
        {
            Heads = 1,
            KvHeads = 1,
            D = 16,
            Scale = 1f,
            SparseMode = mode,
            Pre = vector.Int("pre_tokens", int.MaxValue),
            Next = vector.Int("next_tokens", int.MaxValue),
            Mask = vector.Has("mask") ? FullMask(vector, q, k) : mode >= 2 ? FiaMask.Compressed : null,
            Queries = [new float[q * 16]],
            Keys = [new float[k * 16]],
            Values = [[.. Enumerable.Range(0, k * 16).Select(i => (float)(i / 16))]],
        };
        foreach (var result in new[] { c.RunPacked(_device), c.RunPaged(_device, 16), c.RunBatched(_device, FiaInputLayout.Bnsd) })
        {
            for (var i = 0; i < q; i++)
            {
                var expected = vector.GetProperty("expected_out_every_lane")[i].Number();
                Assert.All(result.Output(0, i, 0), lane => Assert.Equal(expected, lane, 1e-6));
                Assert.Equal(vector.GetProperty("expected_lse")[i].Number(), result.Lse(0, i, 0), 1e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Numeric))]
    public void Attention_HasTheNumbersOfTheVectors(string name)
    {
        var vector = CpVectors.Case("fia_numeric", name);
        var (heads, kvHeads, d) = (vector.Int("num_heads"), vector.Int("num_key_value_heads"), vector.Int("head_dim"));
        var (qLens, kvLens) = (vector.Ints("q_lens")!, vector.Ints("kv_lens")!);
        var c = new AttentionCase
        {
            Heads = heads,
            KvHeads = kvHeads,
            D = d,
            Scale = (float)vector.GetProperty("scale").GetDouble(),
            SparseMode = vector.Int("sparse_mode"),
            Pre = vector.Int("pre_tokens", int.MaxValue),
            Next = vector.Int("next_tokens", int.MaxValue),
            Queries = SineRows.Split(0.3, heads, d, qLens),
            Keys = SineRows.Split(1.1, kvHeads, d, kvLens),
            Values = SineRows.Split(2.2, kvHeads, d, kvLens),
        };
        var result = c.RunPacked(_device);
        c.RunPaged(_device, 16).AssertSame(result, "paged");
        c.RunBatched(_device, FiaInputLayout.Bsnd).AssertSame(result, "BSND");
        var (row, sum) = (0, 0.0);
        for (var b = 0; b < qLens.Length; b++)
        {
            for (var i = 0; i < qLens[b]; i++, row++)
            {
                for (var h = 0; h < heads; h++)
                {
                    AssertLanes(vector.GetProperty("expected_out_first4_lanes")[row][h], result.Output(b, i, h));
                    Assert.Equal(vector.GetProperty("expected_lse")[row][h].Number(), result.Lse(b, i, h), 1e-5);
                    sum += result.Output(b, i, h).Sum(x => (double)x);
                }
            }
        }

        Assert.Equal(vector.GetProperty("expected_out_sum").GetDouble(), sum, 1e-4);
    }

    private static void AssertLanes(JsonElement expected, float[] found)
    {
        for (var lane = 0; lane < expected.GetArrayLength(); lane++)
            Assert.Equal(expected[lane].GetDouble(), found[lane], 1e-5);
    }

    private static FiaMask FullMask(JsonElement vector, int q, int k) =>
        new([.. vector.GetProperty("mask").EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(e => (byte)e.GetInt32())], q, k);
}
