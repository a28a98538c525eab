using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Ranks;

/// <summary>
/// Owns one rank's pipeline: builds it for an epoch, feeds it plans in the order they come, reports to the coordinator (its parent),
/// and disposes it. A pipeline that breaks is reported once; the coordinator decides what follows.
/// </summary>
/// <remarks>
/// Phases: Idle → Opening → Serving → Closing → Idle. Plans need no queue here: the coordinator sends one when every rank has
/// taken the one before.
/// </remarks>
#pragma warning disable CA1001 // An actor is not disposed: PostStop disposes the token source.
internal sealed class RankActor : ReceiveActor, IWithStash
#pragma warning restore CA1001
{
    private readonly int _rank;
    private readonly RankPipelineFactory _create;
    private readonly PipelineDisposals _disposals;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IActorRef _coordinator = Context.Parent;
    private readonly CancellationTokenSource _stopped = new();
    private IRankPipeline? _pipeline;
    private long _epoch;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public RankActor(int rank, RankPipelineFactory create, PipelineDisposals disposals)
    {
        _rank = rank;
        _create = create;
        _disposals = disposals;
        Idle();
    }

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    /// <summary>How the coordinator makes one.</summary>
    public static Props Props(int rank, RankPipelineFactory create, PipelineDisposals disposals) =>
        Akka.Actor.Props.Create(() => new RankActor(rank, create, disposals));

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        if (_pipeline is { } pipeline)
            _disposals.Add(Task.Run(() => LogFailure(pipeline)));
    }

    private void Idle()
    {
        Receive<RankProtocol.Open>(Build);
        Receive<RankProtocol.Close>(close => _coordinator.Tell(new RankProtocol.Closed(close.Epoch, _rank)));
        IgnorePlans();
    }

    private void Opening()
    {
        Receive<Built>(built =>
        {
            Use(built.Pipeline);
            _coordinator.Tell(new RankProtocol.Opened(_epoch, _rank));
            BecomeUnstashing(Serving);
        });
        Receive<BuildFailed>(failed =>
        {
            _log.Error(failed.Cause, "rank {0} cannot be built", _rank);
            _coordinator.Tell(new RankProtocol.OpenFailed(_epoch, _rank, failed.Cause.Message));
            BecomeUnstashing(Idle);
        });
        StashCommands();
    }

    private void Serving()
    {
        Receive<RankProtocol.RunStep>(run => run.Epoch == _epoch, run => Send(run.Plan));
        Receive<PlanTaken>(taken => taken.Epoch == _epoch, ReportTaken);
        Receive<PipelineEnded>(ended => ended.Epoch == _epoch, ended => ReportLost(ended.Message));
        Receive<RankProtocol.Close>(Dispose);
        IgnorePlans();
    }

    private void Closing()
    {
        Receive<Disposed>(disposed =>
        {
            if (disposed.Cause is { } cause)
                _log.Error(cause, "the pipeline of rank {0} did not end well", _rank);
            _pipeline = null;
            _coordinator.Tell(new RankProtocol.Closed(disposed.Epoch, _rank));
            BecomeUnstashing(Idle);
        });
        StashCommands();
    }

    /// <remarks>Plans of a pipeline that is gone, and what its tasks still say: the coordinator has forgotten both.</remarks>
    private void IgnorePlans()
    {
        Receive<RankProtocol.RunStep>(_ => { });
        Receive<PlanTaken>(_ => { });
        Receive<PipelineEnded>(_ => { });
    }

    private void StashCommands()
    {
        Receive<RankProtocol.Open>(_ => Stash.Stash());
        Receive<RankProtocol.Close>(_ => Stash.Stash());
        IgnorePlans();
    }

    private void BecomeUnstashing(Action phase)
    {
        Become(phase);
        Stash.UnstashAll();
    }

    private void Build(RankProtocol.Open open)
    {
        _epoch = open.Epoch;
        var (create, rank, epoch, coordinator, stopped) = (_create, _rank, _epoch, _coordinator, _stopped.Token);
        var disposals = _disposals;
        Task.Run(
            async () =>
            {
                await disposals.WaitAsync(CoordinatorActor.CloseTimeout);
                var pipeline = create(rank, epoch, result => coordinator.Tell(new RankProtocol.StepEnded(result)));
                if (stopped.IsCancellationRequested)
                    await pipeline.DisposeAsync();
                return pipeline;
            },
            CancellationToken.None).PipeTo(Self, success: pipeline => new Built(pipeline), failure: cause => new BuildFailed(cause));
        Become(Opening);
    }

    private void Use(IRankPipeline pipeline)
    {
        _pipeline = pipeline;
        var (self, epoch) = (Self, _epoch);
        pipeline.Completion.ContinueWith(
            done => self.Tell(new PipelineEnded(epoch, done.Exception?.GetBaseException().Message ?? "its pipeline ended")),
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Send(StepPlan plan)
    {
        var (epoch, step) = (plan.Epoch, plan.Step);
        _pipeline!.SendAsync(plan, _stopped.Token).PipeTo(
            Self,
            success: isTaken => new PlanTaken(epoch, step, isTaken, "its pipeline takes no more plans"),
            failure: cause => new PlanTaken(epoch, step, false, cause.Message));
    }

    private void ReportTaken(PlanTaken taken)
    {
        if (taken.IsTaken)
            _coordinator.Tell(new RankProtocol.StepAccepted(_epoch, taken.Step, _rank));
        else
            ReportLost(taken.Message);
    }

    private void ReportLost(string message) => _coordinator.Tell(new RankProtocol.RankLost(_epoch, _rank, message));

    private void Dispose(RankProtocol.Close close)
    {
        var (pipeline, epoch) = (_pipeline!, close.Epoch);
        Task.Run(async () => await pipeline.DisposeAsync(), CancellationToken.None).WaitAsync(close.Timeout)
            .PipeTo(Self, success: () => new Disposed(epoch, null), failure: cause => new Disposed(epoch, cause));
        Become(Closing);
    }

    private async Task LogFailure(IRankPipeline pipeline)
    {
        try
        {
            await pipeline.DisposeAsync();
        }
        catch (Exception exception)
        {
            _log.Error(exception, "the pipeline of rank {0} did not end well", _rank);
        }
    }

    private sealed record Built(IRankPipeline Pipeline) : INoSerializationVerificationNeeded;

    private sealed record BuildFailed(Exception Cause) : INoSerializationVerificationNeeded;

    private sealed record PlanTaken(long Epoch, long Step, bool IsTaken, string Message) : INoSerializationVerificationNeeded;

    private sealed record PipelineEnded(long Epoch, string Message) : INoSerializationVerificationNeeded;

    private sealed record Disposed(long Epoch, Exception? Cause) : INoSerializationVerificationNeeded;
}
