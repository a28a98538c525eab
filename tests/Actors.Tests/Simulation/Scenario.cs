using System.Collections.Immutable;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling;
using AkkaCp.Scheduling.Tests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>What a seed gives before anything happens: the cluster, its settings, its network and how much goes wrong.</summary>
internal sealed record Scenario
{
    public const int BlockTokens = 8;
    public const int ContextLength = 100;

    // 36 tokens and 29 of the answer: pools of other sizes change no text.
    private const int LeastForAnyRequest = 10;

    /// <summary>Nodes, by the ranks that each has room for.</summary>
    public required ImmutableArray<int> Places { get; init; }

    public required int Clients { get; init; }

    public required SchedulerLimits Limits { get; init; }

    /// <summary>Blocks that a node's pools may have above those of the limits, another number in each of its lives.</summary>
    public required int MostSpareBlocks { get; init; }

    /// <summary>What a coordinator goes by before it has a group.</summary>
    public SchedulerLimits LimitsBefore =>
        MostSpareBlocks == 0 ? Limits : Limits with { KvBlocks = (ContextLength / BlockTokens) + 2 };

    public required CoordinatorRules Rules { get; init; }

    public required EdgeRules EdgeRules { get; init; }

    /// <summary>Whether nobody ever gives up, so that every request has to end well. Otherwise those that lose too much may fail.</summary>
    public required bool IsPatient { get; init; }

    /// <summary>Whether messages between two processes keep their order and come once at most.</summary>
    public required bool IsOrderly { get; init; }

    /// <summary>Whether what meets a cut comes when it is mended, rather than never.</summary>
    public required bool KernelsKeep { get; init; }

    /// <summary>The longest way of a message that is not late, in milliseconds.</summary>
    public required int MostDelay { get; init; }

    /// <summary>The longest computation of a step, in milliseconds.</summary>
    public required int MostStepTime { get; init; }

    public required double Loss { get; init; }

    public required double Doubling { get; init; }

    public required double Lateness { get; init; }

    public required int Requests { get; init; }

    public required int Faults { get; init; }

    /// <summary>Share of steps in which a stage fails.</summary>
    public required double StageFailures { get; init; }

    /// <summary>Share of pipelines that cannot be built.</summary>
    public required double BuildFailures { get; init; }

    public static Scenario Of(Draw draw)
    {
        var cp = draw.Among(1, 1, 2, 2, 3);
        var world = cp * draw.Among(1, 1, 2);
        var isPatient = draw.Chance(0.75);
        var isOrderly = draw.Chance(0.6);
        var isLossy = draw.Chance(0.6);
        var spareBlocks = draw.Among(0, 0, 1, 9);
        return new Scenario
        {
            Places = PlacesFor(draw, world),
            Clients = draw.Next(1, 3),
            Limits = LimitsOf(draw, world, cp, isPatient, spareBlocks > 0 ? LeastForAnyRequest : 6),
            MostSpareBlocks = spareBlocks,
            Rules = RulesOf(draw),
            EdgeRules = isPatient
                ? new EdgeRules { WaitForCluster = 100_000, Submissions = 100_000 }
                : new EdgeRules { WaitForCluster = draw.Next(5, 60) },
            IsPatient = isPatient,
            IsOrderly = isOrderly,
            KernelsKeep = draw.Chance(0.5),
            MostDelay = draw.Among(3, 10, 50),
            MostStepTime = draw.Among(5, 50, 400),
            Loss = isLossy ? draw.Among(0.005, 0.02, 0.1) : 0,
            Doubling = isOrderly ? 0 : draw.Among(0, 0.02, 0.1),
            Lateness = isLossy ? draw.Among(0, 0.01) : 0,
            Requests = draw.Next(1, 9),
            Faults = draw.Among(0, 1, 2, 3, 4, 6),
            StageFailures = draw.Chance(0.1) ? 0.01 : 0,
            BuildFailures = draw.Chance(0.2) ? 0.1 : 0,
        };
    }

    /// <summary>Room for all ranks on some nodes, and often for more on others.</summary>
    private static ImmutableArray<int> PlacesFor(Draw draw, int world)
    {
        var places = ImmutableArray.CreateBuilder<int>();
        for (var room = 0; room < world; room += places[^1])
            places.Add(Math.Min(draw.Next(1, 4), world - room));
        for (var spares = draw.Next(0, 3); spares > 0; spares--)
            places.Add(draw.Next(1, 3));
        return places.ToImmutable();
    }

    private static SchedulerLimits LimitsOf(Draw draw, int world, int cp, bool isPatient, int leastBlocks)
    {
        var step = draw.Next(8, 48);
        var steps = new StepLimits
        {
            ChunkTokens = draw.Among(0, 4, 16),
            MaxStepTokens = step,
            MaxRunning = draw.Next(1, Math.Min(8, step)),
            QueueLimit = isPatient ? 100 : draw.Next(2, 10),
            StepsInFlight = draw.Next(1, 4),
        };
        return new SchedulerLimits(
            world, cp, FakeModel.VocabSize, ContextLength, draw.Next(leastBlocks, 40), BlockTokens, steps,
            new CpPolicySettings { MinTokens = 8 })
        {
            LostEpochs = isPatient ? 1000 : draw.Next(2, 6),
            WaitForGroup = isPatient ? 100_000 : draw.Next(5, 60),
            TokensAhead = draw.Among(0, 8, 40),
        };
    }

    private static CoordinatorRules RulesOf(Draw draw) => new()
    {
        StepTimeout = TimeSpan.FromSeconds(draw.Next(5, 15)),
        NodeSilence = draw.Next(6, 16),
        Settling = draw.Among(0, 2),
        Lease = draw.Next(20, 40),
    };
}
