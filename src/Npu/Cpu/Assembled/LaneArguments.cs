namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What assembled products of <see cref="LaneCode"/> read their task from; its fields' offsets are part of the code.</summary>
internal unsafe struct LaneArguments
{
    /// <summary>Addresses of keys or of values, and bytes from there to those of the head.</summary>
    public byte** Rows;
    public nint Offset;

    /// <summary>Scores: bytes of a key. Sums: values.</summary>
    public nint Count;

    /// <summary>Scores: queries [D][8]. Sums: weights [Count][8].</summary>
    public float* Lanes;

    /// <summary>Scores: [keys][8]. Sums: the first row, which is added to, and bytes from row to row.</summary>
    public float* Result;
    public nint ResultStride;

    /// <summary>Sums: pieces of 16 dimensions; counted down.</summary>
    public nint Pieces;

    /// <summary>What comes next: as many bytes are asked for as the product reads.</summary>
    public byte* Ahead;
}
