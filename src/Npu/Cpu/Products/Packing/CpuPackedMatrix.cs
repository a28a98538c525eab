using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// Weights in panels of 32 outputs: panel p holds outputs 32p .. 32p+31 as [K][32], so that a product reads memory from front to
/// back. Outputs behind N are zero. A gated matrix, F rows of gate and F of up, has panels of both in turn, 0: gate 0..31, 1: up 0..31, 2:
/// gate 32..63, so that y = silu(gate) · up needs two neighbours only; both halves are padded. F32 keeps a row of a panel in order; BF16 is
/// kept as its <see cref="BF16Packing"/> says, I8 as <see cref="I8Panel"/>, types with groups as <see cref="GroupLayout"/>. Memory
/// is native, 64-byte aligned, and counted in <see cref="CpuDevice.WeightBytes"/>. Disjoint rows may be packed from several threads.
/// Any <see cref="CpuDevice"/> of the process whose kernels have the same layout can read it.
/// </summary>
internal sealed unsafe class CpuPackedMatrix : PackedMatrix
{
    /// <summary>Outputs in one panel: two 512-bit vectors.</summary>
    public const int PanelWidth = 32;

    private readonly WeightCounter _counter;
    private readonly DeviceResources _resources;
    private byte* _memory;

    public CpuPackedMatrix(
        int n, int k, DType dtype, BF16Packing layout, bool gated, WeightCounter counter, DeviceResources resources)
        : base(n, k, dtype)
    {
        _counter = counter;
        _resources = resources;
        BF16Packing = layout;
        IsGated = gated;
        Layout = GroupLayout.Of(dtype);
        var inputs = dtype == DType.BF16 && layout == BF16Packing.Pairs ? (nint)k + (k % 2) : k;
        PanelBytes = Layout is not null ? Layout.PanelBytes(k)
            : dtype == DType.I8 ? I8Panel.Bytes(k)
            : dtype == DType.F8 ? F8Panel.Bytes(k, layout)
            : checked(inputs * PanelWidth * dtype.Bytes());
        Panels = gated ? 2 * PanelsOf(n / 2) : PanelsOf(n);
        Bytes = checked(PanelBytes * Panels);
        _memory = (byte*)_resources.Allocate((nuint)Bytes);
        _counter.Add(Bytes);
        ClearLastPanels();
    }

    // Frees what the owner forgot: models are large, and native memory is out of the collector's sight.
    ~CpuPackedMatrix() => Free();

    /// <inheritdoc/>
    public override long Bytes { get; }

    /// <summary>How BF16 values or F8 codes lie in a panel; of no meaning for other types.</summary>
    public BF16Packing BF16Packing { get; }

    /// <summary>How codes and scales lie in a panel; null for types without groups.</summary>
    public GroupLayout? Layout { get; }

    /// <summary>Made by <see cref="CpuDevice.CreateGatedMatrix"/>.</summary>
    public bool IsGated { get; }

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
        var count = RequireRows(firstRow, rows.Length);
        fixed (float* source = rows)
        {
            var memory = Data;
            for (var row = 0; row < count; row++)
            {
                var (panel, lane) = PlaceOf(firstRow + row);
                PackRow(memory + (panel * PanelBytes), lane, source + ((nint)row * K));
            }
        }

        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void PackBF16(int firstRow, ReadOnlySpan<ushort> rows)
    {
        var count = RequireRows(firstRow, rows.Length);
        if (DType != DType.BF16 || BF16Packing != BF16Packing.Pairs || K % (2 * PackPairsBF16.Rows) != 0 || !PackPairsBF16.IsSupported)
        {
            base.PackBF16(firstRow, rows);
            return;
        }

        var half = IsGated ? N / 2 : N;
        if (firstRow < half && count > half - firstRow)
        {
            PackBF16(firstRow, rows[..((half - firstRow) * K)]);
            PackBF16(half, rows[((half - firstRow) * K)..]);
            return;
        }

        // Squares start at lane 0 or 16; what lies before the first and behind the last goes row by row.
        var head = Math.Min(count, -(firstRow % half) & (PackPairsBF16.Rows - 1));
        var squares = (count - head) / PackPairsBF16.Rows * PackPairsBF16.Rows;
        base.PackBF16(firstRow, rows[..(head * K)]);
        fixed (ushort* source = rows[(head * K)..])
        {
            for (var row = 0; row < squares; row += PackPairsBF16.Rows)
            {
                var (panel, lane) = PlaceOf(firstRow + head + row);
                PackPairsBF16.Squares(
                    (uint*)(source + ((nint)row * K)), K / 2, K / 2, (uint*)(Data + (panel * PanelBytes)) + lane);
            }
        }

        GC.KeepAlive(this);
        base.PackBF16(firstRow + head + squares, rows[((head + squares) * K)..]);
    }

    /// <inheritdoc/>
    public override void PackI8(int firstRow, ReadOnlySpan<sbyte> rows, ReadOnlySpan<float> scales)
    {
        if (DType != DType.I8)
            OperatorChecks.Refuse(nameof(PackI8), "matrix", "type I8", $"{DType}");

        var count = RequireWholeRows(firstRow, rows.Length);
        RequireLength(nameof(PackI8), nameof(scales), scales.Length, count);
        for (var row = 0; row < count; row++)
        {
            var (panel, lane) = PlaceOf(firstRow + row);
            I8Panel.PackRow(Data + (panel * PanelBytes), lane, rows.Slice(row * K, K), scales[row]);
        }

        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void PackF8(int firstRow, ReadOnlySpan<byte> rows, ReadOnlySpan<float> scales)
    {
        if (DType != DType.F8)
            OperatorChecks.Refuse(nameof(PackF8), "matrix", "type F8", $"{DType}");

        var count = RequireWholeRows(firstRow, rows.Length);
        var each = DType.ScalesOf(K);
        RequireLength(nameof(PackF8), nameof(scales), scales.Length, count * each);
        for (var row = 0; row < count; row++)
        {
            var (panel, lane) = PlaceOf(firstRow + row);
            F8Panel.PackRow(Data + (panel * PanelBytes), lane, rows.Slice(row * K, K), scales.Slice(row * each, each), BF16Packing);
        }

        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void PackGroups(int firstRow, in GroupRows rows)
    {
        var count = RequireGroups(firstRow, rows);
        var panels = new GroupPanel(Layout!, rows, K);
        for (int row = 0, lanes; row < count; row += lanes)
        {
            var (panel, lane) = PlaceOf(firstRow + row);
            lanes = Math.Min(count - row, LanesFrom(firstRow + row, lane));
            panels.Pack(Data + (panel * PanelBytes), lane, row, lanes);
        }

        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>How many rows some values are, inside the matrix.</summary>
    private int RequireRows(int firstRow, int values)
    {
        if (Layout is not null || DType == DType.F8)
            OperatorChecks.Refuse(nameof(Pack), "matrix", "a type that floats are packed as", $"{DType}");

        return RequireWholeRows(firstRow, values);
    }

    private int RequireGroups(int firstRow, in GroupRows rows)
    {
        if (Layout is null)
            OperatorChecks.Refuse(nameof(PackGroups), "matrix", "a type with groups", $"{DType}");

        var count = RequireWholeRows(firstRow, rows.Codes.Length);
        var (blocks, groups) = (count * (K / Layout!.Format.BlockInputs), count * (K / Layout.Format.BlockInputs) * Layout.Groups);
        RequireLength(nameof(PackGroups), nameof(GroupRows.Scales), rows.Scales.Length, blocks);
        RequireLength(nameof(PackGroups), nameof(GroupRows.Mins), rows.Mins.Length, Layout.Format.HasMins ? blocks : 0);
        RequireLength(nameof(PackGroups), nameof(GroupRows.Zeros), rows.Zeros.Length, Layout.Format.HasZeros ? blocks : 0);
        RequireLength(nameof(PackGroups), nameof(GroupRows.GroupScales), rows.GroupScales.Length, groups);
        RequireLength(nameof(PackGroups), nameof(GroupRows.GroupMins), rows.GroupMins.Length, Layout.Format.HasMins ? groups : 0);
        return count;
    }

    private static void RequireLength(string op, string argument, int found, int expected)
    {
        if (found != expected)
            OperatorChecks.Refuse(op, argument, $"{expected} values", $"{found}");
    }

    private int RequireWholeRows(int firstRow, int values)
    {
        if (values % K != 0)
            OperatorChecks.Refuse(nameof(Pack), "rows", $"a multiple of K = {K} values", $"{values}");

        var count = values / K;
        if ((uint)firstRow > (uint)N || count > N - firstRow)
            OperatorChecks.Refuse(nameof(Pack), nameof(firstRow), $"rows inside 0..{N - 1}", $"{firstRow}+{count}");

        return count;
    }

    private static int PanelsOf(int outputs) => (int)(((long)outputs + PanelWidth - 1) / PanelWidth);

    private (int Panel, int Lane) PlaceOf(int row)
    {
        if (!IsGated)
            return Math.DivRem(row, PanelWidth);

        var isUp = row >= N / 2 ? 1 : 0;
        var (pair, lane) = Math.DivRem(row - (isUp * (N / 2)), PanelWidth);
        return ((2 * pair) + isUp, lane);
    }

    // Rows from this one on that lie in its panel.
    private int LanesFrom(int row, int lane) =>
        Math.Min(PanelWidth - lane, (IsGated && row < N / 2 ? N / 2 : N) - row);

    private void PackRow(byte* panel, int lane, float* row)
    {
        if (DType == DType.F32)
            PackMatrix.RowF32((float*)panel, lane, row, K);
        else if (DType == DType.I8)
            I8Panel.PackRow(panel, lane, row, K);
        else if (BF16Packing == BF16Packing.Halves)
            PackMatrix.RowBF16((ushort*)panel, lane, row, K);
        else
            PackMatrix.RowPairsBF16((uint*)panel, lane, row, K);
    }

    private void ClearLastPanels()
    {
        var padded = IsGated ? 2 : 1;
        if (N / padded % PanelWidth != 0)
            NativeMemory.Clear(_memory + ((Panels - padded) * PanelBytes), (nuint)(padded * PanelBytes));
    }

    private void Free()
    {
        if (_memory is not null)
        {
            _resources.Free((nint)_memory);
            _memory = null;
            _counter.Add(-Bytes);
        }
    }
}
