using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Tests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// The pipelines of one group of ranks, joined for one epoch: a step ends when all have taken it, and when one is lost, none gets any
/// further. <see cref="FakeRanks"/> asserts of every plan that it is one that ranks can run.
/// </summary>
internal sealed class SimMesh(Simulation world, EpochTable table)
{
    private readonly FakeRanks _checks = new(
        world.Scenario.Limits.WorldSize, world.Scenario.Limits.CpSize, LeastPool(world, table), Scenario.BlockTokens);

    private readonly SortedDictionary<int, SimPipeline> _members = [];
    private readonly SortedDictionary<long, SimStep> _steps = [];
    private bool _isStuck;
    private long _computed;

    public EpochTable Table { get; } = table;

    public bool IsBroken { get; private set; }

    public bool IsComplete { get; private set; }

    /// <summary>Blocks that its requests hold.</summary>
    public int BlocksInUse => _checks.BlocksInUse;

    private bool AreAllReachable => _members.Values.All(one => one.Process is { IsAlive: true, IsPaused: false }
        && _members.Values.All(other => world.Network.IsReachable(one.Process, other.Process)));

    private static int LeastPool(Simulation world, EpochTable table) => world.Nodes
        .Where(node => table.Places.Any(place => place.Node == node.Process.Name)).Min(node => node.Host.Offer.KvBlocks);

    /// <summary>A rank comes. The last one makes the group complete, if all reach each other.</summary>
    public void Join(SimPipeline pipeline)
    {
        if (IsBroken || IsComplete)
        {
            pipeline.Fail("the group is over");
            return;
        }

        _members[pipeline.Rank] = pipeline;
        world.Time.After(world.Draw.Next(5000, 12_000), () => GiveUp(pipeline));
        Connect();
    }

    /// <summary>A rank's pipeline takes a plan.</summary>
    /// <returns>False when it takes none any more.</returns>
    public bool Take(SimPipeline pipeline, StepPlan plan)
    {
        if (IsBroken)
            return false;
        if (!_steps.TryGetValue(plan.Step, out var step))
            _steps.Add(plan.Step, step = new SimStep(plan, Results(plan)));
        if (!ReferenceEquals(step.Plan, plan))
            throw new SimulationException($"ranks have different plans of {plan}");
        step.Taken.Add(pipeline.Rank);
        if (step.Taken.Count == _members.Count)
            world.Time.After(world.Draw.Next(1, world.Scenario.MostStepTime), () => Compute(step));
        return true;
    }

    /// <summary>A rank's pipeline is disposed, or its process is gone.</summary>
    public void Leave(SimPipeline pipeline)
    {
        if (_members.GetValueOrDefault(pipeline.Rank) != pipeline)
            return;
        _members.Remove(pipeline.Rank);
        Break($"rank {pipeline.Rank} left");
    }

    /// <summary>No step ends any more, and nobody says why.</summary>
    public void Stick() => _isStuck = true;

    /// <summary>Who is cut off, or does not move, is lost to the others after a time.</summary>
    public void LoseUnreachable()
    {
        if (!IsBroken && !AreAllReachable)
            Break("a rank is out of reach");
    }

    private void Connect()
    {
        if (IsBroken || IsComplete || _members.Count < Table.Places.Length)
            return;
        if (!AreAllReachable)
        {
            world.Time.After(500, Connect);
            return;
        }

        IsComplete = true;
        foreach (var member in _members.Values)
            member.Process.After(world.Draw.Next(1, 50), member.Complete);
    }

    private void GiveUp(SimPipeline pipeline)
    {
        if (!IsComplete && _members.GetValueOrDefault(pipeline.Rank) == pipeline)
            Break("peers did not come");
    }

    private void Break(string why)
    {
        if (IsBroken)
            return;
        IsBroken = true;
        world.Trace?.Note($"epoch {Table.Epoch} breaks: {why}");
        foreach (var member in _members.Values)
            member.Process.After(world.Draw.Next(1, 100), () => member.LosePeer(why, _steps.Values));
    }

    private IReadOnlyList<StepResult> Results(StepPlan plan)
    {
        var results = _checks.Run(plan);
        return world.Draw.Chance(world.Scenario.StageFailures)
            ? FakeRanks.Fail(results, world.Draw.Next(0, results.Count), FaultKind.StageFailed)
            : results;
    }

    private void Compute(SimStep step)
    {
        if (IsBroken || _isStuck)
            return;
        if (step.Plan.Step != _computed + 1 || !AreAllReachable)
        {
            world.Time.After(20, () => Compute(step));
            return;
        }

        _computed++;
        _checks.End(step.Plan.Step, step.Results.Any(result => result.Fault is not null));
        foreach (var member in _members.Values)
            member.Produce(step, world.Draw.Next(0, 10));
    }
}

/// <summary>A step inside the ranks.</summary>
internal sealed record SimStep(StepPlan Plan, IReadOnlyList<StepResult> Results)
{
    public HashSet<int> Taken { get; } = [];

    /// <summary>Ranks whose results are on the way.</summary>
    public HashSet<int> Ended { get; } = [];
}
