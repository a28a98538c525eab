using System.Numerics;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products with F8 weights on a variant's products with BF16 weights: y = fma(d, s, y) for each <see cref="DTypes.F8Inputs"/> inputs
/// in order, from the bias or zero on, s the variant's sum over these inputs from zero on. Some panels go by together, so that rows are
/// packed once for them; of each, the part that a sum needs is widened in the caches.
/// </summary>
internal readonly unsafe ref struct F8Loop
{
    /// <summary>Panels whose gate and up, or sums, are made together.</summary>
    public const int PanelsTogether = 16;

    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int PartValues = DTypes.F8Inputs * Width;

    // Few rows take as many panels at once as the variant's tiles do, for there are sums enough then to hide their latency.
    private const int FewRows = 14;
    private const int PanelsOfFewRows = 4;

    private readonly ref readonly MatMulBlock _block;
    private readonly KernelVariant _variant;
    private readonly int _panelsAtOnce;

    /// <summary>Prepares one block, whose scratch is the variant's and behind it this loop's.</summary>
    public F8Loop(KernelVariant variant, in MatMulBlock block)
    {
        _block = ref block;
        _variant = variant;
        _panelsAtOnce = block.Rows <= FewRows ? PanelsOfFewRows : 1;
    }

    // Behind the variant's scratch, on a line of its own.
    private float* Sums => _block.Scratch + Ahead(_variant);

    private ushort* Values => (ushort*)(Sums + SumFloats(_variant.MaxRows));

    /// <summary>Floats of scratch: the variant's, the sums of a part, and its values.</summary>
    public static int ScratchFloats(KernelVariant variant) =>
        Ahead(variant) + SumFloats(variant.MaxRows) + (PanelsOfFewRows * PartValues / 2);

    /// <summary>Computes the block.</summary>
    public void Run()
    {
        for (var panel = 0; panel < _block.Panels; panel += PanelsTogether)
        {
            var end = Math.Min(panel + PanelsTogether, _block.Panels);
            for (var k = 0; k < _block.K; k += DTypes.F8Inputs)
            {
                for (var at = panel; at < end; at += _panelsAtOnce)
                    RunPart(at, Math.Min(_panelsAtOnce, end - at), k, isFirst: at == panel);
            }
        }
    }

    private static int Ahead(KernelVariant variant) => (variant.ScratchFloats + 15) / 16 * 16;

    private static int SumFloats(int maxRows) => Math.Max(maxRows, FewRows * PanelsOfFewRows) * Width;

    private void RunPart(int panel, int panels, int k, bool isFirst)
    {
        var inputs = Math.Min(DTypes.F8Inputs, _block.K - k);
        for (var i = 0; i < panels; i++)
            Widen(_block.Panel + ((panel + i) * _block.PanelBytes), k, inputs, Values + (i * PartValues));

        var part = _block;
        part.X = _block.Rounded ? (float*)((ushort*)_block.X + k) : _block.X + k;
        part.K = inputs;
        part.Panel = (byte*)Values;
        part.PanelBytes = PartValues * sizeof(ushort);
        part.Panels = panels;
        part.Columns = panels * Width;
        part.Bias = null;
        part.Y = Sums;
        part.YStride = panels * Width;
        part.Streams = false;
        part.RowsPacked = !isFirst;
        _variant.Compute(part, DType.BF16);
        for (var i = 0; i < panels; i++)
            AddScaled(panel + i, k, Sums + (i * Width), panels * Width);
    }

    private void Widen(byte* panel, int k, int inputs, ushort* values)
    {
        var even = _variant.BF16Packing == BF16Packing.Pairs ? inputs + (inputs % 2) : inputs;
        F8.ToBF16(panel + ((nint)k * Width), even * Width, values);
    }

    private void AddScaled(int panel, int k, float* sums, int stride)
    {
        var column = panel * Width;
        var columns = Math.Min(Width, _block.Columns - column);
        var codes = _block.Panel + (panel * _block.PanelBytes) + F8Panel.CodeBytes(_block.K, _variant.BF16Packing);
        var scales = (float*)codes + (k / DTypes.F8Inputs * Width);
        var bias = _block.Bias is null ? null : _block.Bias + column;
        var y = _block.Y + column;
        for (var t = 0; k == 0 && t < _block.Rows; t++)
            Start(y + (t * _block.YStride), bias, columns);

        var whole = columns == Width;
        if (whole)
            AddWholeRows(y, sums, stride, scales);

        for (var t = 0; !whole && t < _block.Rows; t++)
        {
            for (var i = 0; i < columns; i++)
                y[(t * _block.YStride) + i] = MathF.FusedMultiplyAdd(sums[(t * stride) + i], scales[i], y[(t * _block.YStride) + i]);
        }
    }

    private static void Start(float* y, float* bias, int columns)
    {
        if (bias is null)
            new Span<float>(y, columns).Clear();
        else
            new ReadOnlySpan<float>(bias, columns).CopyTo(new Span<float>(y, columns));
    }

    private void AddWholeRows(float* y, float* sums, int stride, float* scales)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<float> scaleA = Vector512.Load(scales), scaleB = Vector512.Load(scales + 16);
            for (var t = 0; t < _block.Rows; t++, y += _block.YStride, sums += stride)
            {
                Vector512.FusedMultiplyAdd(Vector512.Load(sums), scaleA, Vector512.Load(y)).Store(y);
                Vector512.FusedMultiplyAdd(Vector512.Load(sums + 16), scaleB, Vector512.Load(y + 16)).Store(y + 16);
            }

            return;
        }

        for (var t = 0; t < _block.Rows; t++, y += _block.YStride, sums += stride)
        {
            for (var i = 0; i < Width; i += Vector<float>.Count)
                Vector.FusedMultiplyAdd(Vector.Load(sums + i), Vector.Load(scales + i), Vector.Load(y + i)).Store(y + i);
        }
    }
}
