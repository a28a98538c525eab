using System.Runtime.InteropServices;
using AkkaCp.Npu.Cpu.Kernels;
using AkkaCp.Npu.Cpu.Variants;

namespace AkkaCp.Npu.Cpu;

/// <summary>
/// Weights in panels of 32 outputs: panel p holds outputs 32p .. 32p+31 as [K][32], so that a product reads memory from front to
/// back. Outputs behind N are zero. F32 keeps a row of a panel in order; BF16 is kept as its <see cref="BF16Layout"/> says, I8 as <see cref="I8Panel"/>.
/// Memory is native, 64-byte aligned, and counted in <see cref="CpuDevice.WeightBytes"/>. Disjoint rows may be packed from several
/// threads at once. Any <see cref="CpuDevice"/> of the process whose kernels have the same layout can read it.
/// </summary>
internal sealed unsafe class CpuPackedMatrix : PackedMatrix
{
    /// <summary>Outputs in one panel: two 512-bit vectors.</summary>
    public const int PanelWidth = 32;

    private readonly WeightCounter _counter;
    private byte* _memory;

    public CpuPackedMatrix(int n, int k, DType dtype, BF16Layout layout, WeightCounter counter)
        : base(n, k, dtype)
    {
        _counter = counter;
        BF16Layout = layout;
        var inputs = dtype == DType.BF16 && layout == BF16Layout.Pairs ? (nint)k + (k % 2) : k;
        PanelBytes = dtype == DType.I8 ? I8Panel.Bytes(k) : checked(inputs * PanelWidth * dtype.Bytes());
        Panels = (int)(((long)n + PanelWidth - 1) / PanelWidth);
        Bytes = checked(PanelBytes * Panels);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, TensorPool.Alignment);
        _counter.Add(Bytes);
        ClearLastPanel();
    }

    // Frees what the owner forgot: models are large, and native memory is out of the collector's sight.
    ~CpuPackedMatrix() => Free();

    /// <inheritdoc/>
    public override long Bytes { get; }

    /// <summary>How BF16 values lie in a panel; of no meaning for other types.</summary>
    public BF16Layout BF16Layout { get; }

    /// <summary>Panels of 32 outputs, the last one padded.</summary>
    public int Panels { get; }

    /// <summary>Bytes from one panel to the next.</summary>
    public nint PanelBytes { get; }

    /// <summary>Address of the first panel.</summary>
    /// <exception cref="ObjectDisposedException">The matrix was disposed.</exception>
    public byte* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory is null, this);
            return _memory;
        }
    }

    /// <inheritdoc/>
    public override void Pack(int firstRow, ReadOnlySpan<float> rows)
    {
        if (rows.Length % K != 0)
        {
            OperatorChecks.Refuse(nameof(Pack), nameof(rows), $"a multiple of K = {K} values", $"{rows.Length}");
        }

        var count = rows.Length / K;
        if ((uint)firstRow > (uint)N || count > N - firstRow)
        {
            OperatorChecks.Refuse(nameof(Pack), nameof(firstRow), $"rows inside 0..{N - 1}", $"{firstRow}+{count}");
        }

        fixed (float* source = rows)
        {
            var memory = Data;
            for (var row = 0; row < count; row++)
            {
                var (panel, lane) = Math.DivRem(firstRow + row, PanelWidth);
                PackRow(memory + (panel * PanelBytes), lane, source + ((nint)row * K));
            }
        }

        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void PackRow(byte* panel, int lane, float* row)
    {
        if (DType == DType.F32)
        {
            PackMatrix.RowF32((float*)panel, lane, row, K);
        }
        else if (DType == DType.I8)
        {
            I8Panel.PackRow(panel, lane, row, K);
        }
        else if (BF16Layout == BF16Layout.Halves)
        {
            PackMatrix.RowBF16((ushort*)panel, lane, row, K);
        }
        else
        {
            PackMatrix.RowPairsBF16((uint*)panel, lane, row, K);
        }
    }

    private void ClearLastPanel()
    {
        if (N % PanelWidth != 0)
        {
            NativeMemory.Clear(_memory + ((Panels - 1) * PanelBytes), (nuint)PanelBytes);
        }
    }

    private void Free()
    {
        if (_memory is not null)
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _counter.Add(-Bytes);
        }
    }
}
