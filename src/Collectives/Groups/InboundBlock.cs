using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>Rows that a peer will send, and where they belong.</summary>
internal struct InboundBlock
{
    /// <summary>Slot of the peer that sends it.</summary>
    public int Slot;

    public BlockPhase Phase;

    /// <summary>Member whose rows they are.</summary>
    public int Member;

    /// <summary>Member that sums them; 0 when nobody does.</summary>
    public int Part;

    /// <summary>Where the rows go.</summary>
    public TensorView Rows;

    /// <summary>First row within the tensors of the other members of this process that get a copy; -1 when none does.</summary>
    public int CopyTo;

    /// <summary>It is being received, or has been.</summary>
    public bool IsTaken;

    public readonly bool Matches(int slot, in FrameHeader header) =>
        Slot == slot && Phase == header.Phase && Member == header.Member && Part == header.Part;

    public readonly bool Fits(in FrameHeader header) =>
        Rows.Rows == header.Rows && Rows.RowLength == header.RowLength && Rows.DType == header.DType;
}
