namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What an assembled tile reads its task from; its fields' offsets are part of the code (<see cref="TileAssembler"/>).</summary>
internal unsafe struct TileArguments
{
    /// <summary>First packed row: one 32-bit word for each step; and bytes from row to row.</summary>
    public byte* X;
    public nint XStride;

    /// <summary>First panel, 128 bytes for each step, and bytes from panel to panel.</summary>
    public byte* Panel;
    public nint PanelBytes;

    /// <summary>Steps, at least 1.</summary>
    public nint Count;

    /// <summary>What sums begin with, and bytes from row to row (0: the same for all rows).</summary>
    public float* Start;
    public nint StartStride;

    /// <summary>Where sums go, and bytes from row to row.</summary>
    public float* Y;
    public nint YStride;

    /// <summary>Weights that come next: one or two lines are asked for in each step.</summary>
    public byte* Ahead;

    /// <summary>Of weights with groups: the record of the first row's first block; a row's are next to each other, rows as X.</summary>
    public byte* Side;

    /// <summary>Shapes of AMX tile registers; null for other tiles, which do not read it.</summary>
    public AmxTileConfig* Config;
}
