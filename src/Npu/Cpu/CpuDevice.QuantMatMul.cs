namespace AkkaCp.Npu.Cpu;

// Products with I8 weights (W8A8): x is quantised once, row by row, then multiplied.
public sealed unsafe partial class CpuDevice
{
    private readonly QuantizedRows _quantized = new();

    private void RunQuantProduct(in TensorView x, CpuPackedMatrix w, float* bias, in TensorView y, int groups)
    {
        var kernels = _variant.I8;
        var rowBlocks = CountRowBlocks(groups, kernels.MaxRows);
        if (rowBlocks == 0)
        {
            return;
        }

        _quantized.Reserve(x.Rows, w.K);
        RunRows(x.Rows, x.RowLength, new DynamicQuantRow(x, _quantized.Rows, _quantized.Stride, _quantized.Scales));
        var panelsPerItem = PanelsPerItem(w.Panels, rowBlocks);
        fixed (MatMulGroup* plan = _groups)
        {
            var work = new QuantMatMulWork
            {
                Groups = plan,
                GroupCount = groups,
                X = _quantized.Rows,
                XStride = _quantized.Stride,
                XScales = _quantized.Scales,
                Y = (float*)y.Data,
                YStride = y.RowStride,
                Bias = bias,
                K = w.K,
                N = w.N,
                PanelBytes = w.PanelBytes,
                Panels = w.Panels,
                PanelsPerItem = panelsPerItem,
                ColumnBlocks = (w.Panels + panelsPerItem - 1) / panelsPerItem,
                Scratch = _scratch,
                Kernels = kernels,
            };
            Workers.Run(rowBlocks * work.ColumnBlocks, work);
        }
    }
}
