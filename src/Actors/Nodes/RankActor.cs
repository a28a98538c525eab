using Akka.Actor;
using Akka.Event;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>The actor of a <see cref="RankLogic"/>: owns the rank's pipeline, and waits for it where the logic does not.</summary>
#pragma warning disable CA1001 // An actor is not disposed: PostStop disposes the token sources.
internal sealed class RankActor : UntypedActor, IRankWork
#pragma warning restore CA1001
{
    private readonly int _rank;
    private readonly NodeContext _context;
    private readonly RankLogic _logic;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _stopped = new();
    private CancellationTokenSource _opening = new();
    private IRankPipeline? _pipeline;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public RankActor(int rank, NodeContext context)
    {
        (_rank, _context) = (rank, context);
        _logic = new RankLogic(rank, Context.Parent, Self, this);
    }

    /// <summary>How its node makes one.</summary>
    public static Props Props(int rank, NodeContext context) => Akka.Actor.Props.Create(() => new RankActor(rank, context));

    void IRankWork.Build(EpochTable table)
    {
        _opening.Dispose();
        _opening = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
        BuildAsync(_context, _rank, table, _context.Outlet!, Self, _opening.Token).PipeTo(
            Self, success: pipeline => new RankLogic.Built(pipeline), failure: cause => new RankLogic.BuildFailed(cause));
    }

    void IRankWork.CancelBuild() => _opening.Cancel();

    void IRankWork.Use(IRankPipeline pipeline, long epoch)
    {
        Note(pipeline);
        var self = Self;
        pipeline.Completion.ContinueWith(
            done => self.Tell(
                new RankLogic.PipelineEnded(epoch, done.Exception?.GetBaseException().Message ?? "its pipeline ended"), ActorRefs.NoSender),
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    void IRankWork.Send(StepPlan plan)
    {
        var (epoch, step) = (plan.Epoch, plan.Step);
        _pipeline!.SendAsync(plan, _stopped.Token).PipeTo(
            Self,
            success: isTaken => new RankLogic.PlanTaken(epoch, step, isTaken, "its pipeline takes no more plans"),
            failure: cause => new RankLogic.PlanTaken(epoch, step, false, cause.Message));
    }

    void IRankWork.Dispose(long epoch, TimeSpan timeout)
    {
        var pipeline = _pipeline!;
        Task.Run(async () => await pipeline.DisposeAsync(), CancellationToken.None).WaitAsync(timeout).PipeTo(
            Self, success: () => new RankLogic.Disposed(epoch, null), failure: cause => new RankLogic.Disposed(epoch, cause));
    }

    void IRankWork.Forget() => Note(null);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is RankLogic.BuildFailed failed && !_opening.IsCancellationRequested)
            _log.Error(failed.Cause, "rank {0} cannot be built", _rank);
        else if (message is RankLogic.Disposed { Cause: { } cause })
            _log.Error(cause, "the pipeline of rank {0} did not end well", _rank);
        if (!_logic.Hear(message, Sender))
            Unhandled(message);
    }

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

    private static Task<IRankPipeline> BuildAsync(
        NodeContext context, int rank, EpochTable table, ILogitsSink outlet, IActorRef self,
        CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            await context.Disposals.WaitAsync(RankProtocol.CloseTimeout);
            var pipeline = await context.Host.OpenAsync(
                rank, table, outlet, result => self.Tell(new RankLogic.Produced(result), ActorRefs.NoSender), cancellationToken);
            if (!cancellationToken.IsCancellationRequested)
                return pipeline;
            await pipeline.DisposeAsync();
            throw new OperationCanceledException("its epoch was over before it was built");
        },
        CancellationToken.None);

    private void Note(IRankPipeline? pipeline)
    {
        _pipeline = pipeline;
        _context.NotePipeline(_rank, pipeline);
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
}
