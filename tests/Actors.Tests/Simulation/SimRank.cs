using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>One rank of a node: the logic that product code has, above a simulated pipeline.</summary>
#pragma warning disable CA1001 // A simulated pipeline holds nothing.
internal sealed class SimRank : IRankWork
#pragma warning restore CA1001
{
    private const string Over = "its epoch was over before it was built";

    private readonly SimNode _node;
    private readonly int _rank;
    private SimPipeline? _pipeline;
    private bool _isWanted;

    public SimRank(SimNode node, int rank, SimActor parent)
    {
        (_node, _rank) = (node, rank);
        Actor = new SimActor(node.Process, $"rank-{rank}");
        var logic = new RankLogic(rank, parent, Actor, this);
        Actor.Become(logic.Hear, () => { }, End);
    }

    public SimActor Actor { get; }

    /// <summary>The pipeline that it built last.</summary>
    public SimPipeline? Pipeline => _pipeline;

    /// <summary>Whether a pipeline of it holds memory.</summary>
    public bool IsAlive => _pipeline is { IsAlive: true };

    private Simulation World => _node.Process.World;

    public void Build(EpochTable table)
    {
        _isWanted = true;
        Begin(table);
    }

    public void CancelBuild()
    {
        _isWanted = false;
        _pipeline?.Fail(Over);
    }

    public void Use(IRankPipeline pipeline, long epoch) => _node.Context.NotePipeline(_rank, pipeline);

    public void Send(StepPlan plan)
    {
        var pipeline = _pipeline!;
        _node.Process.After(World.Draw.Next(0, 4), () => pipeline.Take(plan));
    }

    public void Dispose(long epoch, TimeSpan timeout)
    {
        var hangs = World.IsFaulty && World.Draw.Chance(0.02);
        var time = hangs ? (long)timeout.TotalMilliseconds : World.Draw.Next(1, 100);
        _pipeline!.Dispose(time, () => Actor.Hear(new RankLogic.Disposed(epoch, hangs ? new TimeoutException() : null), null));
    }

    public void Forget() => _node.Context.NotePipeline(_rank, null);

    /// <summary>The epoch of its pipeline; null when none holds memory.</summary>
    public long? Epoch => _pipeline is { IsAlive: true } pipeline ? pipeline.Mesh.Table.Epoch : null;

    private void Begin(EpochTable table)
    {
        if (_node.WhenDisposed() is { } later)
        {
            _node.Process.After(later, () => Begin(table));
            return;
        }

        if (IsAlive)
            throw new SimulationException($"{Actor} builds a pipeline of epoch {table.Epoch} beside another");
        if (Actor.HasEnded)
            return;
        _node.CheckNoOtherEpoch(table.Epoch);
        var mesh = World.MeshOf(table);
        _pipeline = new SimPipeline(Actor, mesh, _rank);
        if (WhyNot(table) is { } reason)
            _pipeline.Fail(reason);
        else
            mesh.Join(_pipeline);
    }

    private string? WhyNot(EpochTable table)
    {
        if (!_isWanted)
            return Over;
        if (!_node.Loaded.Contains(_rank))
            return $"rank {_rank} is not loaded";
        if (table.Epoch < _node.Host.FirstEpoch)
            return $"epoch {table.Epoch} is over";
        return World.IsFaulty && World.Draw.Chance(World.Scenario.BuildFailures) ? "out of memory" : null;
    }

    /// <remarks>As its actor: the pipeline is disposed beside the next life of the node, which waits for that.</remarks>
    private void End()
    {
        if (_pipeline is not { IsAlive: true } pipeline)
            return;
        Forget();
        _node.NoteDisposal(pipeline);
        pipeline.Dispose(World.Draw.Next(1, 200), () => { });
    }
}
