using System.Globalization;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Bench.Transport;

/// <summary>This process's rank, connected with the other process's over the data plane.</summary>
internal sealed class PairMesh : IAsyncDisposable
{
    /// <summary>Two context-parallel ranks.</summary>
    public static readonly RankTopology Topology = new(2, 2, 2);

    private readonly DataPlane _plane;

    private PairMesh(DataPlane plane, IRankMesh mesh, int number) => (_plane, Mesh, PeerNumber) = (plane, mesh, number);

    public IRankMesh Mesh { get; }

    /// <summary>The number that the other process told.</summary>
    public int PeerNumber { get; }

    /// <summary>Both processes call it; each tells the other a number.</summary>
    public static async Task<PairMesh> ConnectAsync(PeerProcess processes, DataPlaneOptions options, int number = 0)
    {
        var plane = DataPlane.Open(options);
        var heard = processes.Exchange(string.Create(CultureInfo.InvariantCulture, $"{plane.Endpoint} {number}")).Split(' ');
        if (!PeerEndpoint.TryParse(heard[0], out var peer))
            throw new InvalidOperationException($"expected an endpoint, found {heard[0]}");

        var mesh = await plane.ConnectAsync(new MeshSpec
        {
            Epoch = 1,
            Topology = Topology,
            Endpoints = processes.IsPeer ? [peer, plane.Endpoint] : [plane.Endpoint, peer],
            LocalRanks = [processes.Rank],
            Facts = new MeshFacts("none", "none", "none"),
        }, CancellationToken.None);
        return new PairMesh(plane, mesh, int.Parse(heard[1], CultureInfo.InvariantCulture));
    }

    public ValueTask DisposeAsync() => _plane.DisposeAsync();
}
