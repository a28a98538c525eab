using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>A device whose operators call <paramref name="before"/> with their name first: it may throw, or wait.</summary>
internal sealed class FaultyDevice(INpuDevice inner, Action<string> before) : INpuDevice
{
    public string Name => inner.Name;

    public TensorPool Memory => inner.Memory;

    public TaskScheduler Stream => inner.Stream;

    public Tensor CreateTensor(DType dtype, params ReadOnlySpan<int> shape) => inner.CreateTensor(dtype, shape);

    public PackedMatrix CreateMatrix(int n, int k, DType dtype) => inner.CreateMatrix(n, k, dtype);

    public PackedMatrix CreateGatedMatrix(int f, int k, DType dtype) => inner.CreateGatedMatrix(f, k, dtype);

    public void MatMul(TensorView x, PackedMatrix w, TensorView? bias, TensorView y)
    {
        before(nameof(MatMul));
        inner.MatMul(x, w, bias, y);
    }

    public void GroupedMatMul(TensorView x, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y)
    {
        before(nameof(GroupedMatMul));
        inner.GroupedMatMul(x, w, groupList, y);
    }

    public void MatMulSwiglu(TensorView x, PackedMatrix w, TensorView y)
    {
        before(nameof(MatMulSwiglu));
        inner.MatMulSwiglu(x, w, y);
    }

    public void GroupedMatMulSwiglu(
        TensorView x, ReadOnlySpan<int> rowIndex, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y)
    {
        before(nameof(GroupedMatMulSwiglu));
        inner.GroupedMatMulSwiglu(x, rowIndex, w, groupList, y);
    }

    public void RmsNorm(TensorView x, TensorView gamma, float eps, TensorView y)
    {
        before(nameof(RmsNorm));
        inner.RmsNorm(x, gamma, eps, y);
    }

    public void AddRmsNorm(TensorView x1, TensorView x2, TensorView gamma, float eps, TensorView y, TensorView sum)
    {
        before(nameof(AddRmsNorm));
        inner.AddRmsNorm(x1, x2, gamma, eps, y, sum);
    }

    public void RotaryMul(TensorView x, TensorView cos, TensorView sin)
    {
        before(nameof(RotaryMul));
        inner.RotaryMul(x, cos, sin);
    }

    public void QRmsNormRope(TensorView x, TensorView gamma, TensorView cos, TensorView sin, float eps)
    {
        before(nameof(QRmsNormRope));
        inner.QRmsNormRope(x, gamma, cos, sin, eps);
    }

    public void KvRmsNormRopeCache(TensorView kv, TensorView gamma, TensorView cos, TensorView sin, ReadOnlySpan<int> slotMapping,
        TensorView keyCache, TensorView valueCache, float eps)
    {
        before(nameof(KvRmsNormRopeCache));
        inner.KvRmsNormRopeCache(kv, gamma, cos, sin, slotMapping, keyCache, valueCache, eps);
    }

    public void FusedInferAttentionScore(in FiaArguments arguments)
    {
        before(nameof(FusedInferAttentionScore));
        inner.FusedInferAttentionScore(arguments);
    }

    public void MoeGatingTopKSoftmax(TensorView logits, bool renormalize, TensorView weights, Span<int> experts)
    {
        before(nameof(MoeGatingTopKSoftmax));
        inner.MoeGatingTopKSoftmax(logits, renormalize, weights, experts);
    }

    public void MoeInitRouting(TensorView x, ReadOnlySpan<int> experts, int firstExpert, TensorView expandedX,
        Span<int> expandedRowIdx, Span<int> groupList)
    {
        before(nameof(MoeInitRouting));
        inner.MoeInitRouting(x, experts, firstExpert, expandedX, expandedRowIdx, groupList);
    }

    public void MoeInitRouting(
        ReadOnlySpan<int> experts, int choices, int firstExpert, Span<int> sourceRows, Span<int> expandedRowIdx, Span<int> groupList)
    {
        before(nameof(MoeInitRouting));
        inner.MoeInitRouting(experts, choices, firstExpert, sourceRows, expandedRowIdx, groupList);
    }

    public void MoeFinalizeRouting(TensorView expandedY, TensorView weights, ReadOnlySpan<int> expandedRowIdx, TensorView y)
    {
        before(nameof(MoeFinalizeRouting));
        inner.MoeFinalizeRouting(expandedY, weights, expandedRowIdx, y);
    }

    public void Swiglu(TensorView x, TensorView y)
    {
        before(nameof(Swiglu));
        inner.Swiglu(x, y);
    }

    public void ScatterPaKvCache(TensorView key, TensorView value, TensorView keyCache, TensorView valueCache,
        ReadOnlySpan<int> slotMapping)
    {
        before(nameof(ScatterPaKvCache));
        inner.ScatterPaKvCache(key, value, keyCache, valueCache, slotMapping);
    }

    public void IndexSelect(TensorView x, ReadOnlySpan<int> index, TensorView y)
    {
        before(nameof(IndexSelect));
        inner.IndexSelect(x, index, y);
    }

    public void Add(TensorView x1, TensorView x2, TensorView y)
    {
        before(nameof(Add));
        inner.Add(x1, x2, y);
    }

    public void Cast(TensorView x, TensorView y)
    {
        before(nameof(Cast));
        inner.Cast(x, y);
    }

    public void Dispose() => inner.Dispose();
}
