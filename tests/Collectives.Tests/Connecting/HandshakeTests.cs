using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Connecting;

/// <summary>Who may connect, and what both sides learn when they may not.</summary>
public sealed class HandshakeTests
{
    private const int DeadlineMilliseconds = 60_000;

    private static readonly Dictionary<string, Func<MeshSpec, MeshSpec>> s_changes = new()
    {
        ["model"] = spec => spec with { Facts = spec.Facts with { ModelHash = "model-b" } },
        ["kernel numerics"] = spec => spec with { Facts = spec.Facts with { Numerics = "portable" } },
        ["type"] = spec => spec with { Facts = spec.Facts with { DType = "float32" } },
        ["layout"] = spec => spec with { Topology = new RankTopology(2, 1) },
        ["formation"] = spec => spec with { Formation = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) },
    };

    public static TheoryData<string> Changes => [.. s_changes.Keys];

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Changes))]
    public async Task ProcessesThatDiffer_RefuseEachOtherWithTheReason(string what)
    {
        var logs = new[] { new RecordingLog(), new RecordingLog() };
        await using var here = DataPlane.Open(new DataPlaneOptions(), logs[0]);
        await using var there = DataPlane.Open(new DataPlaneOptions(), logs[1]);
        PeerEndpoint[] endpoints = [here.Endpoint, there.Endpoint];

        var calls = new[]
        {
            here.ConnectAsync(Spec(0, endpoints), CancellationToken.None),
            there.ConnectAsync(s_changes[what](Spec(1, endpoints)), CancellationToken.None),
        };

        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<MeshConnectException>(() => call);
            Assert.Contains($"{what}: expected", error.Message, StringComparison.Ordinal);
        }

        // Whoever was dialled first has refused; the other may have given up before it was dialled.
        await Eventually.IsAsync(() => logs.SelectMany(log => log.Lines).Any(
            line => line.Contains("Refused", StringComparison.Ordinal) && line.Contains($"{what}: expected", StringComparison.Ordinal)));
        Assert.True(here.Counters.Refused + there.Counters.Refused > 0);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task AllDifferences_AreToldAtOnce()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));
        var spec = world.Spec(1, epoch: 1);
        spec = spec with { Facts = new MeshFacts("model-b", "portable", spec.Facts.DType) };

        var answer = Ask(world, spec, new DataPlaneOptions { EagerBytes = 1 });

        Assert.Equal(HelloVerdict.Refused, answer.Verdict);
        foreach (var what in (string[])["model: expected model-a, found model-b", "kernel numerics:", "eager bytes:"])
            Assert.Contains(what, answer.Reason, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task SecondProcessWithARank_IsRefused_AndTheFirstGoesOn()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));

        var answer = Ask(world, world.Spec(1, epoch: 1), new DataPlaneOptions());

        Assert.Equal(HelloVerdict.Refused, answer.Verdict);
        Assert.Contains("rank 1 of epoch 1 is connected already", answer.Reason, StringComparison.Ordinal);
        Assert.Equal(1, world.Planes[0].Counters.Refused);
        await BarrierAsync(world, epoch: 1);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task RanksThatAreNotOneProcess_AreRefused()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(3));

        var answer = Ask(world, world.Spec(1, epoch: 1) with { LocalRanks = [1, 2] }, new DataPlaneOptions());

        Assert.Contains("ranks 1,2 are not one process", answer.Reason, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task NextEpoch_TakesTheOldOnesPlace()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));
        await BarrierAsync(world, epoch: 1);
        var old = world.Group(GroupKind.AttnCp, 0);

        await world.ConnectAsync(epoch: 2);
        await BarrierAsync(world, epoch: 2);

        await Assert.ThrowsAsync<PeerLostException>(() => old.BarrierAsync(Tag(1, 2), default).AsTask());
        var answer = Ask(world, world.Spec(1, epoch: 1), new DataPlaneOptions());
        Assert.Equal(HelloVerdict.Refused, answer.Verdict);
        Assert.Contains("epoch 1 is over", answer.Reason, StringComparison.Ordinal);
        Assert.Equal(HelloVerdict.NotYet, Ask(world, world.Spec(1, epoch: 3), new DataPlaneOptions()).Verdict);
        await Assert.ThrowsAsync<ArgumentException>(() => world.Planes[0].ConnectAsync(world.Spec(0, epoch: 2), CancellationToken.None));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ProcessThatHearsOfTheEpochLater_IsWaitedFor()
    {
        await using var here = DataPlane.Open(new DataPlaneOptions());
        await using var there = DataPlane.Open(new DataPlaneOptions());
        PeerEndpoint[] endpoints = [here.Endpoint, there.Endpoint];
        var first = here.ConnectAsync(Spec(0, endpoints), CancellationToken.None);
        // While this is under way the first attempts meet a process that does not know the epoch.
        Assert.Null((await here.ProbeAsync(there.Endpoint, 0, CancellationToken.None)).Problem);
        Assert.False(first.IsCompleted);

        var second = there.ConnectAsync(Spec(1, endpoints), CancellationToken.None);

        Assert.Equal(1, (await first).Epoch);
        Assert.Equal(1, (await second).Epoch);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task PeerThatIsNotThere_IsNamedWithTheReason()
    {
        var options = new DataPlaneOptions { ConnectTimeout = TimeSpan.FromMilliseconds(300) };
        await using var here = DataPlane.Open(options);
        await using var gone = DataPlane.Open(options);
        PeerEndpoint[] endpoints = [here.Endpoint, gone.Endpoint];
        await gone.DisposeAsync();

        var error = await Assert.ThrowsAsync<MeshConnectException>(() => here.ConnectAsync(Spec(0, endpoints), CancellationToken.None));

        Assert.Equal([1], Assert.Single(error.Peers).Ranks);
        Assert.Contains(gone.Endpoint.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ConnectThatIsCancelled_Ends()
    {
        await using var here = DataPlane.Open(new DataPlaneOptions());
        await using var deaf = DataPlane.Open(new DataPlaneOptions());
        using var cancellation = new CancellationTokenSource();
        var call = here.ConnectAsync(Spec(0, [here.Endpoint, deaf.Endpoint]), cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task PlanThatIsNotOne_IsRefusedWithAllReasons()
    {
        await using var here = DataPlane.Open(new DataPlaneOptions());
        var spec = Spec(0, [here.Endpoint, new PeerEndpoint("127.0.0.1", 1)]) with { LocalRanks = [1] };

        var error = await Assert.ThrowsAsync<ArgumentException>(() => here.ConnectAsync(spec, CancellationToken.None));

        Assert.Contains("local ranks: expected those at", error.Message, StringComparison.Ordinal);
    }

    private static HelloAnswer Ask(TestMeshes world, MeshSpec spec, DataPlaneOptions options)
    {
        using var connection = Dialer.TryDial(
            world.Planes[0].Endpoint, Hello.Of(spec, options, [0]), options, out var answer, CancellationToken.None);
        return answer;
    }

    private static Task BarrierAsync(TestMeshes world, long epoch) =>
        Task.WhenAll(world.Groups(GroupKind.AttnCp).Select(group => group.BarrierAsync(Tag(epoch, 1), default).AsTask()));

    private static CollectiveTag Tag(long epoch, long step) => new(epoch, step, 0, CollectiveKind.Transfer);

    private static MeshSpec Spec(int rank, PeerEndpoint[] endpoints) => new()
    {
        Epoch = 1,
        Topology = Layouts.OneGroup(2),
        Endpoints = endpoints,
        LocalRanks = [rank],
        Facts = TestMeshes.Facts,
    };
}
