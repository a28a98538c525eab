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

    /// <summary>Whether it goes on to the next process of a ring.</summary>
    public bool GoesOn;

    /// <summary>It is being received, or has been.</summary>
    public bool IsTaken;

    public readonly bool Matches(int slot, in FrameHeader header) =>
        Slot == slot && Phase == header.Phase && Member == header.Member && Part == header.Part;

    public readonly bool Fits(in FrameHeader header) =>
        Rows.Rows == header.Rows && Rows.RowLength == header.RowLength && Rows.DType == header.DType;
}

/// <summary>Rows that came before all members of this process did.</summary>
/// <param name="Slot">Slot of the peer that sent them.</param>
/// <param name="Place">Place in the peer's <see cref="Links.EagerArena"/>.</param>
/// <param name="Header">Their frame.</param>
internal readonly record struct StagedBlock(int Slot, int Place, FrameHeader Header);

/// <summary>Rows for a peer.</summary>
/// <param name="Slot">Slot of the peer.</param>
/// <param name="Phase">Where in the call they travel.</param>
/// <param name="Member">Member whose rows they are.</param>
/// <param name="Part">Member that sums them; 0 when nobody does.</param>
/// <param name="Rows">The rows.</param>
internal readonly record struct OutboundBlock(int Slot, BlockPhase Phase, int Member, int Part, TensorView Rows)
{
    /// <summary>Their bytes.</summary>
    public long Length => Rows.Count * Rows.DType.Bytes();
}

/// <summary>Rows that this process sums.</summary>
internal struct SumPart
{
    /// <summary>Member that the rows are summed for, which then passes them on; -1 when each process sums them for itself.</summary>
    public int Owner;

    public int FirstRow;

    public int Rows;

    /// <summary>First row of the other processes' members in the scratch, which lie there member by member.</summary>
    public int ScratchRow;

    /// <summary>Members of other processes whose rows are not here yet.</summary>
    public int Missing;

    /// <summary>It is being summed, or has been.</summary>
    public bool IsTaken;

    /// <summary>Whether a block is for the sum.</summary>
    public readonly bool Adds(in InboundBlock block) => block.Phase == BlockPhase.Exchange && block.Part == Math.Max(Owner, 0);
}

/// <summary>What one thread does to rows of a call outside the gate.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Index">Of the inbound block, or of the part.</param>
/// <param name="Slot">Slot of the peer that sent the block.</param>
/// <param name="ArenaPlace">Where in the peer's <see cref="Links.EagerArena"/> the block lies; -1 when it is in its tensor.</param>
/// <param name="IsEager">Whether the peer gets a credit back for the block.</param>
internal readonly record struct Move(MoveKind Kind, int Index = 0, int Slot = 0, int ArenaPlace = -1, bool IsEager = false);

/// <summary>The ways in which rows move within this process.</summary>
internal enum MoveKind
{
    /// <summary>Rows of the members of this process, to each of them.</summary>
    Local,

    /// <summary>A block that has come, to every place where it belongs.</summary>
    Block,

    /// <summary>Rows of all members, into their sum.</summary>
    Sum,
}
