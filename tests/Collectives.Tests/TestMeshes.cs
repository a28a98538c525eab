using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Tests;

/// <summary>Several processes of one epoch, all in this one: each with its own data plane on a loopback port.</summary>
internal sealed class TestMeshes : IAsyncDisposable
{
    public static readonly MeshFacts Facts = new("model-a", "pairs-bf16", "bfloat16");

    private readonly RankTopology _topology;
    private readonly int[] _processOf;

    private readonly TimeSpan? _callTimeout;

    private TestMeshes(RankTopology topology, int[] processOf, DataPlane[] planes, TimeSpan? callTimeout)
    {
        _topology = topology;
        _processOf = processOf;
        _callTimeout = callTimeout;
        Planes = planes;
    }

    public DataPlane[] Planes { get; }

    public IRankMesh[] Meshes { get; private set; } = [];

    /// <summary>Opens and connects; the process of each rank is given by its number.</summary>
    public static async Task<TestMeshes> ConnectAsync(
        RankTopology topology, int[] processOf, DataPlaneOptions? options = null, TimeSpan? callTimeout = null)
    {
        var planes = Enumerable.Range(0, processOf.Max() + 1).Select(_ => DataPlane.Open(options ?? new DataPlaneOptions())).ToArray();
        var world = new TestMeshes(topology, processOf, planes, callTimeout);
        await world.ConnectAsync(epoch: 1);
        return world;
    }

    /// <summary>Each rank a process of its own.</summary>
    public static Task<TestMeshes> ConnectAsync(RankTopology topology, DataPlaneOptions? options = null) =>
        ConnectAsync(topology, [.. Enumerable.Range(0, topology.WorldSize)], options);

    public async Task ConnectAsync(long epoch) => Meshes = await Task.WhenAll(
        Enumerable.Range(0, Planes.Length).Select(process => Planes[process].ConnectAsync(Spec(process, epoch), CancellationToken.None)));

    public MeshSpec Spec(int process, long epoch) => Spec(process, epoch, [.. Planes.Select(plane => plane.Endpoint)]);

    public MeshSpec Spec(int process, long epoch, PeerEndpoint[] endpoints) => new()
    {
        Epoch = epoch,
        Topology = _topology,
        Endpoints = [.. _processOf.Select(of => endpoints[of])],
        LocalRanks = [.. Enumerable.Range(0, _processOf.Length).Where(rank => _processOf[rank] == process)],
        CallTimeout = _callTimeout,
        Facts = Facts,
    };

    public IRankGroup Group(GroupKind kind, int rank) => Meshes[_processOf[rank]].Group(kind, rank);

    /// <summary>Every rank's port to its group of a kind, by rank.</summary>
    public IRankGroup[] Groups(GroupKind kind) => [.. Enumerable.Range(0, _processOf.Length).Select(rank => Group(kind, rank))];

    public async ValueTask DisposeAsync()
    {
        foreach (var plane in Planes)
            await plane.DisposeAsync();
    }
}
