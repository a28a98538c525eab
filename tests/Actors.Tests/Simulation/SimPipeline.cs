using AkkaCp.Actors.Nodes;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>One rank's pipeline, from the begin of its building to the end of its disposal.</summary>
internal sealed class SimPipeline(SimActor actor, SimMesh mesh, int rank) : IRankPipeline
{
    private long _lastResult;
    private bool _isAnswered;
    private bool _isOver;

    public int Rank { get; } = rank;

    public SimProcess Process { get; } = actor.Process;

    public SimMesh Mesh { get; } = mesh;

    /// <summary>Whether it holds memory.</summary>
    public bool IsAlive { get; private set; } = true;

    public long StagesDone { get; private set; }

    public Task Completion => Task.CompletedTask;

    private Simulation World => Process.World;

    /// <summary>It is built, unless that was given up meanwhile.</summary>
    public void Complete()
    {
        if (_isAnswered)
            return;
        if (Mesh.IsBroken)
        {
            Fail("a peer left while it was built");
            return;
        }

        _isAnswered = true;
        actor.Hear(new RankLogic.Built(this), null);
    }

    /// <summary>It cannot be built.</summary>
    public void Fail(string why)
    {
        if (_isAnswered)
            return;
        _isAnswered = true;
        IsAlive = false;
        Process.After(World.Draw.Next(1, 30), () => actor.Hear(new RankLogic.BuildFailed(new InvalidOperationException(why)), null));
        Mesh.Leave(this);
    }

    public void Take(StepPlan plan)
    {
        var isTaken = !_isOver && Mesh.Take(this, plan);
        actor.Hear(new RankLogic.PlanTaken(plan.Epoch, plan.Step, isTaken, "its pipeline takes no more plans"), null);
    }

    /// <summary>A step ends here, behind those before it.</summary>
    public void Produce(SimStep step, int delay)
    {
        step.Ended.Add(Rank);
        _lastResult = Math.Max(_lastResult, World.Time.Now + delay);
        Process.After(_lastResult - World.Time.Now, () =>
        {
            StagesDone++;
            Say(step.Results[Rank]);
        });
    }

    /// <summary>
    /// The group is broken. The steps inside end with a fault and the pipeline ends; or only one of both is heard, for the coordinator has
    /// to find out from either.
    /// </summary>
    public void LosePeer(string why, IEnumerable<SimStep> steps)
    {
        if (!_isAnswered)
        {
            Fail(why);
            return;
        }

        var inside = steps.Where(step => step.Taken.Contains(Rank) && !step.Ended.Contains(Rank)).ToList();
        var words = World.Draw.Next(0, 3);
        if (words > 0)
        {
            foreach (var step in inside)
            {
                Say(step.Results[Rank] with
                {
                    Samples = [],
                    Fault = new PipelineFault(FaultKind.PeerLost, "Gather", 0, Rank, step.Plan.Step, why),
                });
            }
        }

        if (words < 2 || inside.Count == 0)
            actor.Hear(new RankLogic.PipelineEnded(Mesh.Table.Epoch, why), null);
        _isOver = true;
    }

    /// <summary>It gives its memory back, after a time.</summary>
    public void Dispose(long milliseconds, Action done)
    {
        _isAnswered = _isOver = true;
        Mesh.Leave(this);
        Process.After(milliseconds, () =>
        {
            IsAlive = false;
            done();
        });
    }

    public Task<bool> SendAsync(StepPlan plan, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DrainAsync(TimeSpan timeout) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();

    private void Say(StepResult result) => actor.Hear(new RankLogic.Produced(result), null);
}
