using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// Owns one rank's pipeline: builds it for an epoch, feeds it plans in the order they come, reports results and accepted plans to the
/// coordinator and everything else to its node (its parent), and disposes it. A pipeline that breaks is reported once; the coordinator
/// decides what follows. What comes twice is answered twice and done once.
/// </summary>
/// <remarks>
/// Phases: Idle → Opening → Serving → Closing → Idle. Plans need no queue here: the coordinator sends one when every rank has
/// taken the one before.
/// </remarks>
#pragma warning disable CA1001 // An actor is not disposed: PostStop disposes the token sources.
internal sealed class RankActor : ReceiveActor, IWithStash
#pragma warning restore CA1001
{
    // Steps inside are at most 16, and a result that old was heard long ago.
    private const int KeptResults = 32;

    private readonly int _rank;
    private readonly NodeContext _context;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IActorRef _node = Context.Parent;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SortedDictionary<long, StepResult> _results = [];
    private CancellationTokenSource _opening = new();
    private IActorRef _coordinator = ActorRefs.Nobody;
    private IRankPipeline? _pipeline;
    private string _failure = "";
    private long _epoch;
    private long _sent;
    private long _taken;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public RankActor(int rank, NodeContext context)
    {
        _rank = rank;
        _context = context;
        Idle();
    }

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    /// <summary>How its node makes one.</summary>
    public static Props Props(int rank, NodeContext context) => Akka.Actor.Props.Create(() => new RankActor(rank, context));

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _opening.Cancel();
        _opening.Dispose();
        if (_pipeline is not { } pipeline)
            return;
        _context.NotePipeline(_rank, null);
        _context.Disposals.Add(Task.Run(() => LogFailure(pipeline)));
    }

    private void Idle()
    {
        Receive<RankProtocol.Open>(open => open.Epoch > _epoch, Build);
        Receive<RankProtocol.Open>(_ => _node.Tell(new RankProtocol.OpenFailed(_epoch, _rank, _failure)));
        Receive<RankProtocol.Close>(close => _node.Tell(new RankProtocol.Closed(close.Epoch, _rank)));
        IgnorePlans();
    }

    private void Opening()
    {
        Receive<Built>(built =>
        {
            Use(built.Pipeline);
            _node.Tell(new RankProtocol.Opened(_epoch, _rank));
            BecomeUnstashing(Serving);
        });
        Receive<BuildFailed>(failed =>
        {
            if (!_opening.IsCancellationRequested)
                _log.Error(failed.Cause, "rank {0} cannot be built", _rank);
            _failure = failed.Cause.Message;
            _node.Tell(new RankProtocol.OpenFailed(_epoch, _rank, _failure));
            BecomeUnstashing(Idle);
        });
        Receive<RankProtocol.Open>(open => open.Epoch == _epoch, _ => { });
        Receive<RankProtocol.Close>(_ =>
        {
            _opening.Cancel();
            Stash.Stash();
        });
        StashCommands();
    }

    private void Serving()
    {
        Receive<RankProtocol.RunStep>(run => run.Epoch == _epoch, Run);
        Receive<RankProtocol.Resend>(resend => resend.Epoch == _epoch, resend => SayAgain(resend.Step));
        Receive<PlanTaken>(taken => taken.Epoch == _epoch, ReportTaken);
        Receive<Produced>(produced => produced.Result.Epoch == _epoch, Report);
        Receive<PipelineEnded>(ended => ended.Epoch == _epoch, ended => ReportLost(ended.Message));
        Receive<RankProtocol.Open>(
            open => open.Epoch == _epoch, _ => _node.Tell(new RankProtocol.Opened(_epoch, _rank)));
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
            _context.NotePipeline(_rank, null);
            _node.Tell(new RankProtocol.Closed(disposed.Epoch, _rank));
            BecomeUnstashing(Idle);
        });
        StashCommands();
    }

    /// <remarks>Plans of a pipeline that is gone, and what its tasks still say: the coordinator has forgotten both.</remarks>
    private void IgnorePlans()
    {
        Receive<RankProtocol.RunStep>(_ => { });
        Receive<RankProtocol.Resend>(_ => { });
        Receive<PlanTaken>(_ => { });
        Receive<Produced>(_ => { });
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
        (_epoch, _coordinator, _sent, _taken, _failure) = (open.Epoch, Sender, 0, 0, "");
        _results.Clear();
        _opening.Dispose();
        _opening = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
        BuildAsync(_context, _rank, open.Table, _context.Outlet, Self, _opening.Token)
            .PipeTo(Self, success: pipeline => new Built(pipeline), failure: cause => new BuildFailed(cause));
        Become(Opening);
    }

    private static Task<IRankPipeline> BuildAsync(
        NodeContext context, int rank, EpochTable table, ILogitsSink? outlet, IActorRef self,
        CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            await context.Disposals.WaitAsync(RankProtocol.CloseTimeout);
            var pipeline = await context.Host.OpenAsync(
                rank, table, outlet, result => self.Tell(new Produced(result)), cancellationToken);
            if (!cancellationToken.IsCancellationRequested)
                return pipeline;
            await pipeline.DisposeAsync();
            throw new OperationCanceledException("its epoch was over before it was built");
        },
        CancellationToken.None);

    private void Use(IRankPipeline pipeline)
    {
        _pipeline = pipeline;
        _context.NotePipeline(_rank, pipeline);
        var (self, epoch) = (Self, _epoch);
        pipeline.Completion.ContinueWith(
            done => self.Tell(new PipelineEnded(epoch, done.Exception?.GetBaseException().Message ?? "its pipeline ended")),
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Run(RankProtocol.RunStep run)
    {
        if (run.Plan.Step > _sent)
            Send(run.Plan);
        else
            SayAgain(run.Plan.Step);
    }

    private void Send(StepPlan plan)
    {
        var (epoch, step) = (plan.Epoch, plan.Step);
        _sent = step;
        _pipeline!.SendAsync(plan, _stopped.Token).PipeTo(
            Self,
            success: isTaken => new PlanTaken(epoch, step, isTaken, "its pipeline takes no more plans"),
            failure: cause => new PlanTaken(epoch, step, false, cause.Message));
    }

    /// <remarks>A step that never came here is not answered: it is told again as a whole.</remarks>
    private void SayAgain(long step)
    {
        if (_failure.Length > 0)
            ReportLost(_failure);
        else if (_results.TryGetValue(step, out var result))
            _coordinator.Tell(new RankProtocol.StepEnded(result));
        else if (step <= _taken)
            _coordinator.Tell(new RankProtocol.StepAccepted(_epoch, step, _rank));
    }

    private void ReportTaken(PlanTaken taken)
    {
        if (!taken.IsTaken)
        {
            ReportLost(taken.Message);
            return;
        }

        _taken = taken.Step;
        _coordinator.Tell(new RankProtocol.StepAccepted(_epoch, taken.Step, _rank));
    }

    private void Report(Produced produced)
    {
        _results[produced.Result.Step] = produced.Result;
        if (_results.Count > KeptResults)
            _results.Remove(_results.Keys.First());
        _coordinator.Tell(new RankProtocol.StepEnded(produced.Result));
    }

    private void ReportLost(string message)
    {
        _failure = message;
        _node.Tell(new RankProtocol.RankLost(_epoch, _rank, message));
    }

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

    private sealed record Produced(StepResult Result) : INoSerializationVerificationNeeded;

    private sealed record PlanTaken(long Epoch, long Step, bool IsTaken, string Message) : INoSerializationVerificationNeeded;

    private sealed record PipelineEnded(long Epoch, string Message) : INoSerializationVerificationNeeded;

    private sealed record Disposed(long Epoch, Exception? Cause) : INoSerializationVerificationNeeded;
}
