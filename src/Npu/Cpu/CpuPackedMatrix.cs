using System.Runtime.InteropServices;
using AkkaCp.Npu.Cpu.Kernels;

namespace AkkaCp.Npu.Cpu;

/// <summary>
/// Weights in panels of 32 outputs: panel p holds outputs 32p .. 32p+31 as [K][32], so that a product reads memory from front to
/// back. Outputs behind N are zero. F32 keeps a row of a panel in order; BF16 keeps outputs j and j+16 in the two halves of word j,
/// so that a shift and a mask widen them. Memory is native, 64-byte aligned, and counted in <see cref="CpuDevice.WeightBytes"/>.
/// Disjoint rows may be packed from several threads at once. Any <see cref="CpuDevice"/> of the process can read it.
/// </summary>
internal sealed unsafe class CpuPackedMatrix : PackedMatrix
{
    /// <summary>Outputs in one panel: two 512-bit vectors.</summary>
    public const int PanelWidth = 32;

    private readonly WeightCounter _counter;
    private byte* _memory;

    public CpuPackedMatrix(int n, int k, DType dtype, WeightCounter counter)
        : base(n, k, dtype)
    {
        _counter = counter;
        PanelBytes = checked((nint)k * PanelWidth * dtype.Bytes());
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
        else
        {
            PackMatrix.RowBF16((ushort*)panel, lane, row, K);
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
