namespace AkkaCp.Npu.Tests;

/// <summary>A view's memory in place, as kernels see it.</summary>
internal static unsafe class ViewSpans
{
    public static Span<float> RowF32(this TensorView view, int row) =>
        new((float*)Require(view, DType.F32).Data + ((long)row * view.RowStride), view.RowLength);

    public static Span<ushort> RowBF16(this TensorView view, int row) =>
        new((ushort*)Require(view, DType.BF16).Data + ((long)row * view.RowStride), view.RowLength);

    public static Span<float> SpanF32(this TensorView view) => new(Require(view, DType.F32).Data, checked((int)view.Count));

    public static Span<byte> Bytes(this TensorView view) => new(view.Data, checked((int)(view.Count * view.DType.Bytes())));

    private static TensorView Require(TensorView view, DType wanted) =>
        view.DType == wanted ? view : throw new InvalidOperationException($"A {view.DType} tensor was read as {wanted}.");
}
