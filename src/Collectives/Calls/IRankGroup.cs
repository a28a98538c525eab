using AkkaCp.Npu;

namespace AkkaCp.Collectives.Calls;

/// <summary>
/// One rank's port to the other ranks of a group, in this process and elsewhere. Every member calls the same operation with the same tag
/// and agreeing row counts, row length and element type, on the kind of group that the tag's kind belongs to
/// (<see cref="CollectiveKinds.Home"/>); a disagreement ends the call on every member with <see cref="CollectiveMismatchException"/>.
/// A call starts at once. Its tensors belong to the group until the returned task ends, however it ends; after that no thread touches
/// them. Continuations never run on another rank's thread. Any thread may call. A call's task is to be awaited exactly once: a group may
/// use what is behind it again.
/// </summary>
/// <remarks>
/// A task ends in bounded time with success, <see cref="CollectiveMismatchException"/>, <see cref="PeerLostException"/> (a member did not
/// come in time), <see cref="CollectiveAbortedException"/> (a member left the step or cancelled its call), or
/// <see cref="OperationCanceledException"/> (this call's token). After a failed call the tag is dead: late members fail at once.
/// </remarks>
public interface IRankGroup
{
    /// <summary>Name with the global ranks of the members, such as ATTN_CP[0,2].</summary>
    string Name { get; }

    /// <summary>Members.</summary>
    int Size { get; }

    /// <summary>This rank's place in the group, 0 .. Size-1.</summary>
    int Rank { get; }

    /// <summary>receive = the members' rows, one member after another.</summary>
    /// <param name="tag">Names the call.</param>
    /// <param name="send">[rowsPerRank[Rank], L], F32 or BF16; rows may have a stride. May be this member's own place in
    /// <paramref name="receive"/>, no other overlap.</param>
    /// <param name="receive">[Σ rowsPerRank, L] of the same type; rows may have a stride.</param>
    /// <param name="rowsPerRank">[Size] rows of each member, 0 allowed; not to be written before the task ends.</param>
    /// <param name="cancellationToken">Ends the call for this member, and for its peers with a fault.</param>
    ValueTask AllGatherAsync(CollectiveTag tag, TensorView send, TensorView receive, ReadOnlyMemory<int> rowsPerRank,
        CancellationToken cancellationToken);

    /// <summary>data = Σ over members in rank order of their data: the same bits on every member.</summary>
    /// <param name="tag">Names the call.</param>
    /// <param name="data">[T, L] F32, in place; rows may have a stride.</param>
    /// <param name="cancellationToken">Ends the call for this member, and for its peers with a fault.</param>
    ValueTask AllReduceAsync(CollectiveTag tag, TensorView data, CancellationToken cancellationToken);

    /// <summary>The rows of one member become those of another. These two call it and nobody else; both agree on rows, row length and
    /// type.</summary>
    /// <param name="tag">Names the call.</param>
    /// <param name="rows">[T, L], F32 or BF16: read on the member <paramref name="from"/>, written on the member <paramref name="to"/>;
    /// rows may have a stride.</param>
    /// <param name="from">Member that has the rows.</param>
    /// <param name="to">Member that gets them, another one.</param>
    /// <param name="cancellationToken">Ends the call for this member, and for its peer with a fault.</param>
    ValueTask TransferAsync(CollectiveTag tag, TensorView rows, int from, int to, CancellationToken cancellationToken);

    /// <summary>This rank takes no part in the step any more: members that wait or come later get a
    /// <see cref="CollectiveAbortedException"/> at once. Calls of the step whose rows are moving already still succeed.</summary>
    /// <param name="epoch">Epoch of the step.</param>
    /// <param name="step">The step.</param>
    /// <param name="reason">For the peers' message.</param>
    void Abort(long epoch, long step, string reason);
}
