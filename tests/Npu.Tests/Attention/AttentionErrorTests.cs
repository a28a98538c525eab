using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Every mistake is refused by name, before a byte of output is written.</summary>
public sealed class AttentionErrorTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 1 });
    private readonly List<FencedTensor> _tensors = [];

    public static TheoryData<string> Vectors => [.. CpVectors.CaseNames("fia_errors")];

    public void Dispose()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _device.Dispose();
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Mistake_OfTheVectors_IsRefusedByName(string name)
    {
        var v = CpVectors.Case("fia_errors", name);
        var (argument, arguments) = name switch
        {
            "tnd_last_cumulative_ne_T" or "tnd_not_monotone" or "tnd_negative" or "tnd_missing_actual_seq_lengths" =>
                ("actual_seq_lengths", Packed(v.Int("q_rows")) with { ActualSeqLengths = v.Ints("actual_seq_lengths") }),
            "tnd_kv_count_mismatch" => ("actual_seq_lengths_kv", Packed(v.Int("batch_q"), keys: v.Int("kv_count")) with
            {
                ActualSeqLengths = [.. Enumerable.Range(1, v.Int("batch_q"))],
                ActualSeqLengthsKv = [.. Enumerable.Range(1, v.Int("kv_count"))],
            }),
            "paged_missing_kv_lengths" => ("actual_seq_lengths_kv", Paged() with { ActualSeqLengthsKv = v.Ints("actual_seq_lengths_kv") }),
            "paged_kv_len_exceeds_table" => ("actual_seq_lengths_kv", Paged(v.Int("block_size"), v.Int("max_blocks")) with
            {
                ActualSeqLengthsKv = v.Ints("actual_seq_lengths_kv"),
            }),
            "paged_block_size_not_16" or "paged_block_size_zero" => ("block_size", Paged() with { BlockSize = v.Int("block_size") }),
            "block_table_rows_ne_batch" => ("block_table", Paged() with
            {
                ActualSeqLengths = [1, 4],
                BlockTable = [0, 0, 0],
                BlockTableRows = v.Int("block_table_rows"),
            }),
            "heads_not_divisible" or "head_ratio_over_64" =>
                ("num_heads", Packed(4, v.Int("num_heads"), v.Int("num_key_value_heads"))),
            "sparse_mode_needs_mask" => ("atten_mask", Packed(4) with { SparseMode = v.Int("sparse_mode"), AttenMask = null }),
            "sparse_mask_shape" => ("atten_mask", Packed(4) with
            {
                SparseMode = v.Int("sparse_mode"),
                AttenMask = new FiaMask([], v.Ints("atten_mask_shape")!),
            }),
            "sparse_mode_unsupported" => ("sparse_mode", Packed(4) with { SparseMode = v.Int("sparse_mode") }),
            "band_both_negative" => ("pre_tokens", Packed(4) with
            {
                SparseMode = v.Int("sparse_mode"),
                PreTokens = v.Int("pre_tokens"),
                NextTokens = v.Int("next_tokens"),
            }),
            "q_shape_mismatch_bnsd" => ("query", ShardedHeads(v.Ints("query_shape")!, v.Int("num_heads"))),
            _ => throw new InvalidOperationException($"the vectors have a new case: {name}"),
        };
        AssertRefused(argument, arguments);
    }

    [Fact]
    public void ShardedHeads_AreToldTheShapeThatWasExpected()
    {
        var v = CpVectors.Case("fia_errors", "q_shape_mismatch_bnsd");
        var error = AssertRefused("query", ShardedHeads(v.Ints("query_shape")!, v.Int("num_heads")));
        Assert.Equal("[1, 20, 25200, 128]", error.Expected);
        Assert.Equal("[1, 5, 25200, 128]", error.Found);
        Assert.Contains(
            $"{CpVectors.Section("fia_errors").GetProperty("status_code").GetInt32()}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongTensors_AreRefused()
    {
        var a = Packed(4);
        AssertRefused("query", a with { Query = New([4, 2, 16], DType.BF16) });
        AssertRefused("query", a with { Query = New([4, 2, 6]) });
        AssertRefused("query", a with { Query = New([4, 32]) });
        AssertRefused("query", a with { Query = New([4, 2, 516]) });
        AssertRefused("key", a with { Key = New([4, 2, 16]) });
        AssertRefused("key", a with { Key = New([4, 1, 32]) });
        AssertRefused("key", a with { Key = New([1, 4, 1, 16]) });
        AssertRefused("value", a with { Value = New([5, 1, 16]) });
        AssertRefused("value", a with { Value = New([4, 1, 16], DType.BF16) });
        AssertRefused("attention_out", a with { Output = New([4, 2, 32]) });
        AssertRefused("attention_out", a with { Output = New([4, 2, 16], DType.BF16) });
        AssertRefused("attention_out", a with { Output = a.Query });
        AssertRefused("softmax_lse", a with { SoftmaxLse = New([4, 2]) });
        AssertRefused("softmax_lse", a with { SoftmaxLse = a.Output.Reshape(4, 32).Columns(0, 2).Reshape(4, 2, 1) });
        AssertRefused("input_layout", a with { InputLayout = (FiaInputLayout)9 });
        AssertRefused("num_heads", a with { NumHeads = 0 });
        AssertRefused("num_heads", a with { NumKeyValueHeads = -1 });
    }

    [Fact]
    public void WrongLengths_AreRefused()
    {
        var a = Packed(4);
        AssertRefused("actual_seq_lengths_kv", a with { ActualSeqLengthsKv = null });
        AssertRefused("actual_seq_lengths_kv", a with { ActualSeqLengthsKv = [3] });
        AssertRefused("actual_seq_lengths_kv", a with { ActualSeqLengthsKv = [-1] });
        AssertRefused("actual_seq_lengths", a with { ActualSeqLengths = [] });
        AssertRefused("actual_seq_lengths", a with { ActualSeqLengths = Enumerable.Repeat(4, 4097).ToArray() });
        var batched = Batched(2, 4, 8);
        AssertRefused("actual_seq_lengths", batched with { ActualSeqLengths = [4, 5] });
        AssertRefused("actual_seq_lengths", batched with { ActualSeqLengths = [] });
        AssertRefused("actual_seq_lengths_kv", batched with { ActualSeqLengthsKv = [8, 9] });
        AssertRefused("actual_seq_lengths_kv", batched with { ActualSeqLengthsKv = [-1] });
    }

    [Fact]
    public void WrongPaging_IsRefused()
    {
        var a = Paged();
        AssertRefused("block_size", a with { BlockSize = 1040 });
        AssertRefused("block_size", a with { BlockSize = -16 });
        AssertRefused("key", a with { BlockSize = 32 });
        AssertRefused("block_table", a with { BlockTable = [2] });
        AssertRefused("block_table", a with { BlockTable = [-1] });
        AssertRefused("block_table", a with { ActualSeqLengths = [1, 4], BlockTable = [0, 0, 0], BlockTableRows = 2 });
        AssertRefused("actual_seq_lengths_kv",
            a with { ActualSeqLengths = [1, 2, 4], BlockTable = [0, 0, 0], BlockTableRows = 3, ActualSeqLengthsKv = [1, 1] });
        _device.FusedInferAttentionScore(a with { BlockTable = [1, -1] });
    }

    [Fact]
    public void WrongMasks_AreRefused()
    {
        var a = Packed(4);
        AssertRefused("atten_mask", a with { SparseMode = 1, AttenMask = FiaMask.Compressed });
        AssertRefused("atten_mask", a with { SparseMode = 0, AttenMask = new FiaMask(new byte[12], 3, 4) });
        AssertRefused("atten_mask", a with { SparseMode = 0, AttenMask = new FiaMask(new byte[12], 4, 3) });
        AssertRefused("atten_mask", a with { SparseMode = 1, AttenMask = new FiaMask(new byte[15], 4, 4) });
        AssertRefused("atten_mask", a with { SparseMode = 1, AttenMask = new FiaMask(new byte[32], 2, 4, 4) });
        AssertRefused("atten_mask", a with { SparseMode = 1, AttenMask = new FiaMask(new byte[32], 1, 2, 4, 4) });
        AssertRefused("atten_mask", a with { SparseMode = 2, AttenMask = new FiaMask([], 2, 2048, 2048) });
        AssertRefused("sparse_mode", a with { SparseMode = -1 });
        AssertRefused("next_tokens", a with { SparseMode = 4, AttenMask = FiaMask.Compressed, PreTokens = 2, NextTokens = -3 });
    }

    [Fact]
    public void SingleRowQueriesInABatch_IgnoreModeAndQueryLength()
    {
        var a = Batched(1, 1, 8);
        a.Value.SpanF32().Clear();
        a.Value.RowF32(0)[(7 * 16)..].Fill(8f);
        _device.FusedInferAttentionScore(a with { SparseMode = 2, AttenMask = FiaMask.Compressed, ActualSeqLengths = [99] });
        Assert.Equal(1f, a.Output.SpanF32()[0], 1e-6);
    }

    private NpuShapeException AssertRefused(string argument, FiaArguments arguments)
    {
        var error = Assert.Throws<NpuShapeException>(() => _device.FusedInferAttentionScore(arguments));
        Assert.Equal("FusedInferAttentionScore", error.Operator);
        Assert.Equal(argument, error.Argument);
        Assert.NotEqual(error.Expected, error.Found);
        foreach (var tensor in _tensors)
        {
            tensor.AssertFence();
            var bytes = tensor.View.IsDense ? tensor.View.Bytes() : [];
            Assert.True(bytes.IndexOfAnyExcept((byte)0) < 0, "a refused call wrote");
        }

        return error;
    }

    private FiaArguments Packed(int rows, int heads = 2, int kvHeads = 1, int keys = 4)
    {
        keys = Math.Max(keys, 1);
        return new FiaArguments
        {
            Query = New([rows, heads, 16]),
            Key = New([keys, kvHeads, 16]),
            Value = New([keys, kvHeads, 16]),
            Output = New([rows, heads, 16]),
            NumHeads = heads,
            NumKeyValueHeads = kvHeads,
            SparseMode = 3,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = [rows],
            ActualSeqLengthsKv = [keys],
        };
    }

    private FiaArguments Paged(int blockSize = 16, int pages = 1) => Packed(4) with
    {
        Key = New([2, blockSize, 1, 16]),
        Value = New([2, blockSize, 1, 16]),
        BlockTable = new int[pages],
        BlockTableRows = 1,
        BlockSize = blockSize,
        ActualSeqLengthsKv = [4],
    };

    private FiaArguments Batched(int batch, int s, int keys) => Packed(4) with
    {
        InputLayout = FiaInputLayout.Bsnd,
        Query = New([batch, s, 2, 16]),
        Key = New([batch, keys, 1, 16]),
        Value = New([batch, keys, 1, 16]),
        Output = New([batch, s, 2, 16]),
        ActualSeqLengths = null,
        ActualSeqLengthsKv = null,
    };

    // The shape is enough to be refused: no memory stands behind it.
    private FiaArguments ShardedHeads(int[] shape, int heads)
    {
        var a = Packed(4, heads, heads);
        unsafe
        {
            return a with { InputLayout = FiaInputLayout.Bnsd, Query = new TensorView(null, DType.F32, shape) };
        }
    }

    private TensorView New(int[] shape, DType dtype = DType.F32)
    {
        var tensor = new FencedTensor(_device.Memory, dtype, shape);
        tensor.View.Bytes().Clear();
        _tensors.Add(tensor);
        return tensor;
    }
}
