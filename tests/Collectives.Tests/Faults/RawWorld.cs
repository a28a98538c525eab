using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Tests.Faults;

/// <summary>An epoch in which all processes but the last are real; each has one rank.</summary>
internal sealed class RawWorld : IAsyncDisposable
{
    private RawWorld(DataPlane[] planes, IRankMesh[] meshes, RawPeer raw)
    {
        Planes = planes;
        Meshes = meshes;
        Raw = raw;
    }

    public DataPlane[] Planes { get; }

    public IRankMesh[] Meshes { get; }

    public RawPeer Raw { get; }

    public static async Task<RawWorld> ConnectAsync(RankTopology topology, DataPlaneOptions? options = null)
    {
        options ??= new DataPlaneOptions();
        var planes = Enumerable.Range(1, topology.WorldSize - 1).Select(_ => DataPlane.Open(options)).ToArray();
        var raw = new RawPeer(options);
        PeerEndpoint[] endpoints = [.. planes.Select(plane => plane.Endpoint), raw.Endpoint];
        var meshes = planes.Select((plane, rank) => plane.ConnectAsync(Spec(rank), CancellationToken.None)).ToArray();
        await Task.Run(() => raw.Join(Spec(topology.WorldSize - 1)));
        return new RawWorld(planes, await Task.WhenAll(meshes), raw);

        MeshSpec Spec(int rank) => new()
        {
            Epoch = 1,
            Topology = topology,
            Endpoints = endpoints,
            LocalRanks = [rank],
            Facts = TestMeshes.Facts,
        };
    }

    public IRankGroup Group(GroupKind kind, int rank) => Meshes[rank].Group(kind, rank);

    /// <summary>A block of the raw rank for an all-gather that the group makes.</summary>
    public static FrameHeader Block(GroupKind kind, int index, CollectiveTag tag, int member, CallShape shape)
    {
        var rows = shape.RowsPerRank.Span[member];
        return new FrameHeader
        {
            Kind = FrameKind.Data,
            Tag = tag,
            GroupKind = kind,
            GroupIndex = (ushort)index,
            Operation = shape.Operation,
            DType = shape.DType,
            Member = (ushort)member,
            Rows = rows,
            RowLength = shape.RowLength,
            Length = (long)rows * shape.RowLength * sizeof(float),
            Signature = shape.Signature(),
        };
    }

    public async ValueTask DisposeAsync()
    {
        Raw.Dispose();
        foreach (var plane in Planes)
            await plane.DisposeAsync();
    }
}
