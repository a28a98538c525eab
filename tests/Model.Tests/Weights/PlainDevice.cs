using AkkaCp.Npu;
using AkkaCp.Testing;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>A device with memory of its own that only makes weights: matrices are kept unpacked, so that a test can read what was
/// loaded.</summary>
internal sealed class PlainDevice : INpuDevice
{
    private readonly TensorPool _memory = new(new MemoryApart());
    private int _matrices;

    /// <summary>Throws instead of creating this matrix, counted from 1; 0 = never.</summary>
    public int FailAt { get; set; }

    /// <summary>Matrices created and not yet disposed, over all devices that share the counter.</summary>
    public Counter Live { get; init; } = new();

    public string Name => "plain";

    public TensorPool Memory => _memory;

    public TaskScheduler Stream => TaskScheduler.Default;

    public Tensor CreateTensor(DType dtype, params ReadOnlySpan<int> shape) => _memory.Rent(dtype, shape);

    public PackedMatrix CreateMatrix(int n, int k, DType dtype)
    {
        if (++_matrices == FailAt)
            throw new IOException("as the test wants");

        return new PlainMatrix(n, k, dtype, Live);
    }

    public PackedMatrix CreateGatedMatrix(int f, int k, DType dtype) => CreateMatrix(2 * f, k, dtype);

    public void Dispose() => _memory.Dispose();

    public void MatMul(TensorView x, PackedMatrix w, TensorView? bias, TensorView y) => throw new NotSupportedException();

    public void GroupedMatMul(TensorView x, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y) =>
        throw new NotSupportedException();

    public void MatMulSwiglu(TensorView x, PackedMatrix w, TensorView y) => throw new NotSupportedException();

    public void GroupedMatMulSwiglu(TensorView x, ReadOnlySpan<int> rowIndex, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList,
        TensorView y) => throw new NotSupportedException();

    public void RmsNorm(TensorView x, TensorView gamma, float eps, TensorView y) => throw new NotSupportedException();

    public void AddRmsNorm(TensorView x1, TensorView x2, TensorView gamma, float eps, TensorView y, TensorView sum) =>
        throw new NotSupportedException();

    public void RotaryMul(TensorView x, TensorView cos, TensorView sin) => throw new NotSupportedException();

    public void QRmsNormRope(TensorView x, TensorView gamma, TensorView cos, TensorView sin, float eps) =>
        throw new NotSupportedException();

    public void KvRmsNormRopeCache(TensorView kv, TensorView gamma, TensorView cos, TensorView sin, ReadOnlySpan<int> slotMapping,
        TensorView keyCache, TensorView valueCache, float eps) => throw new NotSupportedException();

    public void FusedInferAttentionScore(in FiaArguments arguments) => throw new NotSupportedException();

    public void MoeGatingTopKSoftmax(TensorView logits, bool renormalize, TensorView weights, Span<int> experts) =>
        throw new NotSupportedException();

    public void MoeInitRouting(TensorView x, ReadOnlySpan<int> experts, int firstExpert, TensorView expandedX, Span<int> expandedRowIdx,
        Span<int> groupList) => throw new NotSupportedException();

    public void MoeInitRouting(ReadOnlySpan<int> experts, int choices, int firstExpert, Span<int> sourceRows, Span<int> expandedRowIdx,
        Span<int> groupList) => throw new NotSupportedException();

    public void MoeFinalizeRouting(TensorView expandedY, TensorView weights, ReadOnlySpan<int> expandedRowIdx, TensorView y) =>
        throw new NotSupportedException();

    public void Swiglu(TensorView x, TensorView y) => throw new NotSupportedException();

    public void ScatterPaKvCache(TensorView key, TensorView value, TensorView keyCache, TensorView valueCache,
        ReadOnlySpan<int> slotMapping) => throw new NotSupportedException();

    public void IndexSelect(TensorView x, ReadOnlySpan<int> index, TensorView y) => throw new NotSupportedException();

    public void Add(TensorView x1, TensorView x2, TensorView y) => throw new NotSupportedException();

    public void Cast(TensorView x, TensorView y) => throw new NotSupportedException();

    internal sealed class Counter
    {
        public int Value;
    }
}
