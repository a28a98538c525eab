namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// How weights with groups lie in a panel, and what a row of x brings for them. A panel is a run of blocks, each the inputs that share
/// a d of all 32 outputs:
/// <code>
/// codes         for each 32 inputs: of 8 bits [8][32 words], inputs 4i .. 4i+3 of one output in the bytes of word i;
///               of fewer [4][32 words], four bits of each: the low halves of the bytes of word i are inputs 4i .. 4i+3, the
///               high ones inputs 16+4i .. 16+4i+3
/// plane         for each 32 inputs, fifth bits [32 words]: bit s of byte b is input 4s+b's; or bits five and six [2][32 words]:
///               bits 2s and 2s+1 of byte b of word h are input 16h+4s+b's
/// group scales  [groups][32 bytes]
/// group mins    [groups / 2][32][2 bytes]: two neighbouring groups of one output side by side, as vpdpwssd takes them
/// zeros         [32 bytes], and as many unused, so that blocks are whole lines
/// d             [32] binary16
/// m, dmin       [32] binary16
/// </code>
/// Codes are unsigned: <see cref="Zero"/> is what they are above their values.
/// <para>A row of x is its quantised bytes, signed, and from <see cref="SideStart"/> on its records. Without integer scales there is one
/// for each 32 inputs: scale, start and scale · Σ x. With them there is one for each block: its scale; with minimums from byte 16 on
/// Σ x of two neighbouring groups in the halves of a word, else from byte 32 on a start for each group. A start is what an integer
/// sum begins with, -Zero · Σ x.</para>
/// </summary>
internal sealed class GroupLayout
{
    /// <summary>Where a record has a block's start, and its scale · Σ x.</summary>
    public const int StartAt = 4, ScaledSumAt = 8;

    /// <summary>Where a record has the sums of pairs of groups, or the starts of groups.</summary>
    public const int PairSumsAt = 16, StartsAt = 32;

    /// <summary>Inputs whose codes are next to each other, whatever their scales are.</summary>
    public const int CodeInputs = 32;

    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int HalvesBytes = Width * sizeof(ushort);
    private const int SmallRecord = 16;

    private static readonly GroupLayout[] s_all = [.. GroupFormat.All.Select(format => new GroupLayout(format))];

    private GroupLayout(GroupFormat format)
    {
        Format = format;
        CodeBytes = CodeInputs * Width * (format.CodeBits == 8 ? 8 : 4) / 8;
        PlaneBytes = format.CodeBits == 8 ? 0 : CodeInputs * Width * (format.CodeBits - 4) / 8;
        PlaneStart = CodeBytes * CodeGroups;
        GroupScalesStart = PlaneStart + (PlaneBytes * CodeGroups);
        GroupMinsStart = GroupScalesStart + (Groups * Width);
        ZerosStart = GroupMinsStart + (format.HasMins ? Groups * Width : 0);
        ScalesStart = ZerosStart + (format.HasZeros ? HalvesBytes : 0);
        MinsStart = ScalesStart + HalvesBytes;
        BlockBytes = MinsStart + (format.HasMins ? HalvesBytes : 0);
        Zero = format.HasZeros ? 1 : format.Zero;
        Table = format.Values is null ? null : [.. format.Values.Select(value => (byte)(value + format.Zero))];
        RecordBytes = Groups == 0 ? SmallRecord : format.HasMins ? PairSumsAt + (2 * Groups) : StartsAt + (4 * Groups);
    }

    /// <summary>What it lays out.</summary>
    public GroupFormat Format { get; }

    /// <summary>Times 32 inputs in a block.</summary>
    public int CodeGroups => Format.BlockInputs / CodeInputs;

    /// <summary>Groups with a scale of their own in a block; 0: there are none.</summary>
    public int Groups => Format.GroupInputs == 0 ? 0 : Format.BlockInputs / Format.GroupInputs;

    /// <summary>Bytes of the codes of 32 inputs, and of their plane.</summary>
    public int CodeBytes { get; }

    /// <inheritdoc cref="CodeBytes"/>
    public int PlaneBytes { get; }

    /// <summary>Where parts of a block begin; codes are first.</summary>
    public int PlaneStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int GroupScalesStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int GroupMinsStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int ZerosStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int ScalesStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int MinsStart { get; }

    /// <summary>Bytes of a block, whole cache lines.</summary>
    public int BlockBytes { get; }

    /// <summary>What a start is times -Σ x: where a block has its own zero, its sums begin with that times the start.</summary>
    public int Zero { get; }

    /// <summary>What codes of 4 bits become before they are multiplied; null: they stay.</summary>
    public byte[]? Table { get; }

    /// <summary>Bytes of a record of a row of x.</summary>
    public int RecordBytes { get; }

    /// <summary>Inputs of a record.</summary>
    public int RecordInputs => Groups == 0 ? CodeInputs : Format.BlockInputs;

    /// <summary>The layouts of all types that have groups.</summary>
    public static IReadOnlyList<GroupLayout> All => s_all;

    /// <summary>The layout of a type, or null for one that has no groups.</summary>
    public static GroupLayout? Of(DType dtype) => Array.Find(s_all, layout => layout.Format.DType == dtype);

    /// <summary>Bytes of a panel.</summary>
    public nint PanelBytes(int k) => (nint)(k / Format.BlockInputs) * BlockBytes;

    /// <summary>Where the records of a row of x begin.</summary>
    public static nint SideStart(int k) => (k + 63) / 64 * 64;

    /// <summary>Bytes of a row of x.</summary>
    public nint RowBytes(int k) => SideStart(k) + ((nint)(k / RecordInputs) * RecordBytes);
}
