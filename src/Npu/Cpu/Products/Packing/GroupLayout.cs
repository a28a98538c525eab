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
/// d             [32] binary16
/// m, dmin       [32] binary16
/// </code>
/// Codes are unsigned: <see cref="Zero"/> is what they are above their values.
/// <para>A row of x is its quantised bytes, signed, and from <see cref="SideStart"/> on a record for each block: scale, and with blocks of
/// one group start and scale · Σ x; else from byte 16 on Σ x of two neighbouring groups of 32 in the halves of a word, and for groups of
/// 16 from byte 32 on their starts. A start is what an integer sum begins with: -Zero · Σ x.</para>
/// </summary>
internal sealed class GroupLayout
{
    /// <summary>Where a record has a block's start, and its scale · Σ x.</summary>
    public const int StartAt = 4, ScaledSumAt = 8;

    /// <summary>Where a record has the sums of pairs of groups, and the starts of groups of 16.</summary>
    public const int PairSumsAt = 16, StartsAt = 32;

    /// <summary>Inputs whose codes are next to each other, whatever their scales are.</summary>
    public const int CodeInputs = 32;

    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int HalvesBytes = Width * sizeof(ushort);
    private const int SmallRecord = 16, LargeRecord = 32, RecordWithStarts = 96;

    private static readonly GroupLayout?[] s_ofType = [.. Enum.GetValues<DType>().Select(GroupFormat.Of).Select(Of)];

    private GroupLayout(GroupFormat format)
    {
        Format = format;
        CodeBytes = CodeInputs * Width * (format.CodeBits == 8 ? 8 : 4) / 8;
        PlaneBytes = format.CodeBits == 8 ? 0 : CodeInputs * Width * (format.CodeBits - 4) / 8;
        PlaneStart = CodeBytes * CodeGroups;
        GroupScalesStart = PlaneStart + (PlaneBytes * CodeGroups);
        GroupMinsStart = GroupScalesStart + (Groups * Width);
        ScalesStart = GroupMinsStart + (format.HasMins ? Groups * Width : 0);
        MinsStart = ScalesStart + HalvesBytes;
        BlockBytes = MinsStart + (format.HasMins ? HalvesBytes : 0);
        Zero = format.HasMins ? 0 : 1 << (format.CodeBits - 1);
        RecordBytes = Groups == 0 ? SmallRecord : format.GroupInputs < CodeInputs ? RecordWithStarts : LargeRecord;
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
    public int ScalesStart { get; }

    /// <inheritdoc cref="PlaneStart"/>
    public int MinsStart { get; }

    /// <summary>Bytes of a block, whole cache lines.</summary>
    public int BlockBytes { get; }

    /// <summary>The code of a weight of zero where there is no minimum.</summary>
    public int Zero { get; }

    /// <summary>Bytes of the record that a row of x has for each block.</summary>
    public int RecordBytes { get; }

    /// <summary>The layouts of all types that have groups.</summary>
    public static IEnumerable<GroupLayout> All => s_ofType.OfType<GroupLayout>();

    /// <summary>The layout of a type, or null for one that has no groups.</summary>
    public static GroupLayout? Of(DType dtype) => s_ofType[(int)dtype];

    /// <summary>Bytes of a panel.</summary>
    public nint PanelBytes(int k) => (nint)(k / Format.BlockInputs) * BlockBytes;

    /// <summary>Where the records of a row of x begin.</summary>
    public static nint SideStart(int k) => (k + 63) / 64 * 64;

    /// <summary>Bytes of a row of x.</summary>
    public nint RowBytes(int k) => SideStart(k) + ((nint)(k / Format.BlockInputs) * RecordBytes);

    private static GroupLayout? Of(GroupFormat? format) => format is null ? null : new GroupLayout(format);
}
