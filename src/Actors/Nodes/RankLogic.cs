using Akka.Actor;
using AkkaCp.Actors.Protocol;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// What a rank decides: when its pipeline is built for an epoch, fed plans in the order they come, and disposed; and what the coordinator
/// hears of results and accepted plans, and its node of everything else. A pipeline that breaks is reported once; the coordinator decides
/// what follows. What comes twice is answered twice and done once.
/// </summary>
/// <remarks>
/// Phases: Idle → Opening → Serving → Closing → Idle. Plans need no queue here: the coordinator sends one when every rank has
/// taken the one before.
/// </remarks>
/// <param name="rank">Global rank.</param>
/// <param name="node">The rank's node.</param>
/// <param name="self">The rank's actor.</param>
/// <param name="work">The pipeline.</param>
internal sealed class RankLogic(int rank, IActorRef node, IActorRef self, IRankWork work)
{
    // Steps inside are at most 16, and a result that old was heard long ago.
    private const int KeptResults = 32;

    private readonly SortedDictionary<long, StepResult> _results = [];
    private readonly List<(RankProtocol.ICommand Command, IActorRef Sender)> _later = [];
    private IActorRef _coordinator = ActorRefs.Nobody;
    private Phase _phase = Phase.Idle;
    private string _failure = "";
    private long _epoch;
    private long _sent;
    private long _taken;

    private enum Phase
    {
        Idle,
        Opening,
        Serving,
        Closing,
    }

    /// <summary>One turn.</summary>
    /// <returns>Whether the message is one of a rank's.</returns>
    public bool Hear(object message, IActorRef sender)
    {
        switch (message)
        {
            case RankProtocol.Open open:
                Hear(open, sender);
                break;
            case RankProtocol.Close close:
                Hear(close, sender);
                break;
            case Built or BuildFailed or Disposed:
                Change(message);
                break;
            default:
                return HearOfSteps(message);
        }

        return true;
    }

    private void Hear(RankProtocol.Open open, IActorRef sender)
    {
        if (_phase is Phase.Closing || (_phase is Phase.Opening && open.Epoch != _epoch))
            _later.Add((open, sender));
        else if (_phase is Phase.Idle && open.Epoch > _epoch)
            Build(open, sender);
        else if (_phase is Phase.Idle)
            node.Tell(new RankProtocol.OpenFailed(_epoch, rank, _failure), self);
        else if (_phase is Phase.Serving && open.Epoch == _epoch)
            node.Tell(new RankProtocol.Opened(_epoch, rank), self);
    }

    private void Hear(RankProtocol.Close close, IActorRef sender)
    {
        if (_phase is Phase.Idle)
            node.Tell(new RankProtocol.Closed(close.Epoch, rank), self);
        else if (_phase is Phase.Serving)
            Dispose(close);
        else
            _later.Add((close, sender));
        if (_phase is Phase.Opening)
            work.CancelBuild();
    }

    private void Change(object message)
    {
        switch (message)
        {
            case Built built when _phase is Phase.Opening:
                work.Use(built.Pipeline, _epoch);
                node.Tell(new RankProtocol.Opened(_epoch, rank), self);
                Become(Phase.Serving);
                break;
            case BuildFailed failed when _phase is Phase.Opening:
                _failure = failed.Cause.Message;
                node.Tell(new RankProtocol.OpenFailed(_epoch, rank, _failure), self);
                Become(Phase.Idle);
                break;
            case Disposed disposed when _phase is Phase.Closing:
                work.Forget();
                node.Tell(new RankProtocol.Closed(disposed.Epoch, rank), self);
                Become(Phase.Idle);
                break;
        }
    }

    /// <remarks>Plans of a pipeline that is gone, and what its tasks still say, are passed over:
    /// the coordinator has forgotten both.</remarks>
    private bool HearOfSteps(object message)
    {
        switch (message)
        {
            case RankProtocol.RunStep run when IsServing(run.Epoch):
                Run(run);
                break;
            case RankProtocol.Resend resend when IsServing(resend.Epoch):
                SayAgain(resend.Step);
                break;
            case PlanTaken taken when IsServing(taken.Epoch):
                ReportTaken(taken);
                break;
            case Produced produced when IsServing(produced.Result.Epoch):
                Report(produced);
                break;
            case PipelineEnded ended when IsServing(ended.Epoch):
                ReportLost(ended.Message);
                break;
            default:
                return message is RankProtocol.RunStep or RankProtocol.Resend or PlanTaken or Produced or PipelineEnded;
        }

        return true;
    }

    private bool IsServing(long epoch) => _phase is Phase.Serving && epoch == _epoch;

    /// <summary>What came too early is heard again, and kept again if it is too early still.</summary>
    private void Become(Phase phase)
    {
        _phase = phase;
        var later = _later.ToList();
        _later.Clear();
        foreach (var (command, sender) in later)
            Hear(command, sender);
    }

    private void Build(RankProtocol.Open open, IActorRef sender)
    {
        _coordinator = sender;
        (_epoch, _sent, _taken, _failure) = (open.Epoch, 0, 0, "");
        _results.Clear();
        _phase = Phase.Opening;
        work.Build(open.Table);
    }

    private void Run(RankProtocol.RunStep run)
    {
        if (run.Plan.Step > _sent)
        {
            _sent = run.Plan.Step;
            work.Send(run.Plan);
        }
        else
        {
            SayAgain(run.Plan.Step);
        }
    }

    /// <remarks>A step that never came here is not answered: it is told again as a whole.</remarks>
    private void SayAgain(long step)
    {
        if (_failure.Length > 0)
            ReportLost(_failure);
        else if (_results.TryGetValue(step, out var result))
            _coordinator.Tell(new RankProtocol.StepEnded(result), self);
        else if (step <= _taken)
            _coordinator.Tell(new RankProtocol.StepAccepted(_epoch, step, rank), self);
    }

    private void ReportTaken(PlanTaken taken)
    {
        if (!taken.IsTaken)
        {
            ReportLost(taken.Message);
            return;
        }

        _taken = taken.Step;
        _coordinator.Tell(new RankProtocol.StepAccepted(_epoch, taken.Step, rank), self);
    }

    private void Report(Produced produced)
    {
        _results[produced.Result.Step] = produced.Result;
        if (_results.Count > KeptResults)
            _results.Remove(_results.Keys.First());
        _coordinator.Tell(new RankProtocol.StepEnded(produced.Result), self);
    }

    private void ReportLost(string message)
    {
        _failure = message;
        node.Tell(new RankProtocol.RankLost(_epoch, rank, message), self);
    }

    private void Dispose(RankProtocol.Close close)
    {
        _phase = Phase.Closing;
        work.Dispose(close.Epoch, close.Timeout);
    }

    /// <summary>The pipeline is built.</summary>
    internal sealed record Built(IRankPipeline Pipeline) : INoSerializationVerificationNeeded;

    /// <summary>The pipeline cannot be built.</summary>
    internal sealed record BuildFailed(Exception Cause) : INoSerializationVerificationNeeded;

    /// <summary>The pipeline has ended a step.</summary>
    internal sealed record Produced(StepResult Result) : INoSerializationVerificationNeeded;

    /// <summary>The pipeline has taken a plan, or takes none any more.</summary>
    internal sealed record PlanTaken(long Epoch, long Step, bool IsTaken, string Message) : INoSerializationVerificationNeeded;

    /// <summary>The pipeline ended, on purpose or not.</summary>
    internal sealed record PipelineEnded(long Epoch, string Message) : INoSerializationVerificationNeeded;

    /// <summary>The pipeline is disposed, well or not.</summary>
    /// <param name="Epoch">The epoch that it made room for.</param>
    /// <param name="Cause">What went wrong; null for nothing.</param>
    internal sealed record Disposed(long Epoch, Exception? Cause) : INoSerializationVerificationNeeded;
}
