using AkkaCp.Collectives;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>One rank's call of a collective, as it was made.</summary>
/// <param name="Rank">Global rank.</param>
/// <param name="Members">Global ranks of the group.</param>
/// <param name="Operation">The name of the operation in the vectors, such as all_gather.</param>
/// <param name="Tag">Its tag.</param>
/// <param name="Send">Rows and row length of what the rank gives.</param>
/// <param name="Rows">Rows of what it gets.</param>
/// <param name="DType">Element type.</param>
internal sealed record RecordedCall(
    int Rank, IReadOnlyList<int> Members, string Operation, CollectiveTag Tag, (int Rows, int Width) Send, int Rows, DType DType)
{
    /// <summary>Bytes that come from other ranks in an all-gather.</summary>
    public long BytesReceived => (long)(Rows - Send.Rows) * Send.Width * DType.Bytes();

    /// <summary>Bytes that a ring all-reduce moves for each rank, at two bytes an element: 2·(n − 1)/n of the tensor.</summary>
    public double RingBytesInBF16 => 2.0 * (Members.Count - 1) / Members.Count * Send.Rows * Send.Width * 2;
}

/// <summary>Keeps the calls of all ranks of a world, in each rank's order.</summary>
internal sealed class CollectiveLog
{
    private readonly List<RecordedCall> _calls = [];

    public IReadOnlyList<RecordedCall> Calls
    {
        get
        {
            lock (_calls)
                return [.. _calls];
        }
    }

    public void Add(RecordedCall call)
    {
        lock (_calls)
            _calls.Add(call);
    }

    /// <summary>For <see cref="RankWorldOptions.Groups"/>: the right groups, listened to.</summary>
    public RankGroups Groups(IRankMesh mesh, int rank, RankTopology topology)
    {
        return new RankGroups(Listen(GroupKind.AttnTp), Listen(GroupKind.AttnCp), Listen(GroupKind.Moe));

        RecordingGroup Listen(GroupKind kind) => new(mesh.Group(kind, rank), rank, topology.GroupOf(kind, rank).Ranks, this);
    }
}
