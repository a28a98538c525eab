using System.Text.Json;
using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>The requests of one end-to-end vector: all queries of the extend, keys and values in the vector's pages.</summary>
internal sealed class PagedSequence : IDisposable
{
    private readonly CpuDevice _device;
    private readonly int _heads;
    private readonly int _kvHeads;
    private readonly int _d;
    private readonly int _pageSize;
    private readonly int[][] _table;
    private readonly int[] _extend;
    private readonly int[] _total;
    private readonly float[] _queries;
    private readonly FencedTensor _key;
    private readonly FencedTensor _value;

    public PagedSequence(CpuDevice device, JsonElement vector)
    {
        _device = device;
        Vector = vector;
        (_heads, _kvHeads, _d) = (vector.Int("num_heads"), vector.Int("num_key_value_heads"), vector.Int("head_dim"));
        _pageSize = vector.Int("page_size");
        _table = [.. vector.GetProperty("sample_block_table").EnumerateArray()
            .Select(row => row.EnumerateArray().Select(e => e.GetInt32()).ToArray())];
        (_extend, _total) = (vector.Ints("extend_lens")!, vector.Ints("seq_lens")!);
        _queries = [.. _extend.SelectMany((n, b) => SineRows.Rows(0.3 + (10 * b), _heads, _d, _total[b] - n, n))];
        _key = Cache(vector.Int("num_pages"));
        _value = Cache(vector.Int("num_pages"));
        for (var b = 0; b < _total.Length; b++)
            Scatter(b);
    }

    public JsonElement Vector { get; }

    public int TotalRows => _extend.Sum();

    public float[] AttendWhole() => Attend([.. Enumerable.Range(0, TotalRows)], Cumulative(_extend), _total);

    /// <summary>Rows of the packed extend, attended as one call with the given lengths.</summary>
    public float[] Attend(int[] rows, int[] cumulative, int[] kv)
    {
        using var query = new FencedTensor(_device.Memory, DType.F32, [rows.Length, _heads, _d]);
        query.Write([.. rows.SelectMany(row => Row(_queries, row))]);
        using var output = new FencedTensor(_device.Memory, DType.F32, [rows.Length, _heads, _d]);
        _device.FusedInferAttentionScore(new FiaArguments
        {
            Query = query,
            Key = _key,
            Value = _value,
            Output = output,
            NumHeads = _heads,
            NumKeyValueHeads = _kvHeads,
            Scale = (float)Vector.GetProperty("scale").GetDouble(),
            SparseMode = 3,
            NextTokens = 0,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = cumulative,
            ActualSeqLengthsKv = kv,
            BlockTable = [.. _table.SelectMany(row => row)],
            BlockTableRows = _table.Length,
            BlockSize = _pageSize,
        });
        output.AssertFence();
        return output.Read();
    }

    public float[] Row(float[] rows, int row) => rows.AsSpan(row * _heads * _d, _heads * _d).ToArray();

    public void AssertExpected(float[] whole)
    {
        Assert.Equal(Vector.GetProperty("expected_full_out_sum").GetDouble(), whole.Sum(x => (double)x), 1e-4);
        var lanes = Vector.GetProperty("expected_full_out_first2_lanes");
        for (var row = 0; row < TotalRows; row++)
        {
            for (var h = 0; h < _heads; h++)
            {
                Assert.Equal(lanes[row][h][0].GetDouble(), whole[((row * _heads) + h) * _d], 1e-5);
                Assert.Equal(lanes[row][h][1].GetDouble(), whole[(((row * _heads) + h) * _d) + 1], 1e-5);
            }
        }
    }

    public void Dispose()
    {
        _key.Dispose();
        _value.Dispose();
    }

    private FencedTensor Cache(int pages)
    {
        var cache = new FencedTensor(_device.Memory, DType.F32, [pages, _pageSize, _kvHeads, _d]);
        var garbage = new float[cache.View.Count];
        garbage.AsSpan().Fill(float.NaN);
        return cache.Write(garbage);
    }

    private void Scatter(int b)
    {
        int[] slots = [.. Enumerable.Range(0, _total[b]).Select(t => (_table[b][t / _pageSize] * _pageSize) + (t % _pageSize))];
        using var key = new FencedTensor(_device.Memory, DType.F32, [_total[b], _kvHeads, _d]);
        using var value = new FencedTensor(_device.Memory, DType.F32, [_total[b], _kvHeads, _d]);
        key.Write(SineRows.Rows(1.1 + (10 * b), _kvHeads, _d, 0, _total[b]));
        value.Write(SineRows.Rows(2.2 + (10 * b), _kvHeads, _d, 0, _total[b]));
        _device.ScatterPaKvCache(key, value, _key, _value, slots);
    }

    private static int[] Cumulative(int[] lengths)
    {
        var sum = 0;
        return [.. lengths.Select(n => sum += n)];
    }
}
