using Akka.Actor;
using AkkaCp.Actors.Logic;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// Stands for one request's client: turns messages into calls of <see cref="EdgeState"/>, and what comes back into Tells and replies on a
/// channel. It watches nobody: a link that is cut for a while must not end the request, nor get a client's whole process shut out.
/// </summary>
/// <param name="locator">Answers <see cref="NodeProtocol.Locate"/>.</param>
/// <param name="request">The request.</param>
/// <param name="rules">How patient it is.</param>
/// <param name="port">The edge's actor.</param>
internal sealed class EdgeLogic(IActorRef locator, OpenRequest request, EdgeRules rules, IActorPort port)
{
    private const string TickTimer = "tick";
    private const int MostHeldTicks = 60;

    private readonly HashSet<IActorRef> _rowSenders = [];
    private IActorRef? _coordinator;
    private IActorRef _sender = ActorRefs.Nobody;
    private int _heldTicks;

    private Guid RequestId => request.Submit.RequestId;

    /// <summary>The first turn.</summary>
    public void Start()
    {
        TickLater();
        Take(request.State?.Resume() ?? EdgeState.Begin(request.Submit, rules));
    }

    /// <summary>The last turn: ranks that wait for this edge to take rows need not.</summary>
    public void End()
    {
        foreach (var node in _rowSenders)
            node.Tell(new LogitsProtocol.RowsEnded(RequestId), port.Self);
    }

    /// <summary>One turn.</summary>
    /// <returns>Whether the message is one of this edge's.</returns>
    public bool Hear(object message, IActorRef sender)
    {
        _sender = sender;
        switch (message)
        {
            case Tick:
                NextTick();
                break;
            case NodeProtocol.Located located:
                Located(located);
                break;
            case GenerationProtocol.Cancel:
                Cancel();
                break;
            case GenerationProtocol.IReply { IsTerminal: false } reply when reply.RequestId == RequestId:
                Turn(state => state.Heard(reply));
                break;
            case EdgeProtocol.Ended ended when ended.RequestId == RequestId:
                Turn(state => state.Ended(ended, sender.Equals(_coordinator)));
                break;
            case EdgeProtocol.Waiting waiting when Concerns(waiting):
                Turn(state => state.Waiting(waiting.Missing));
                break;
            case EdgeProtocol.Unknown unknown when Concerns(unknown):
                Turn(state => state.Unknown());
                break;
            case LogitsProtocol.Row row when row.RequestId == RequestId:
                TakeRow(row);
                break;
            default:
                return false;
        }

        return true;
    }

    private bool Concerns(EdgeProtocol.IEdgeMessage message) => message.RequestId == RequestId && _sender.Equals(_coordinator);

    private void Located(NodeProtocol.Located located)
    {
        if (located.Coordinator is not { } found)
            return;
        var isSame = found.Equals(_coordinator);
        _coordinator = found;
        Turn(state => state.Located(isSame));
    }

    private void Cancel()
    {
        if (request.Held is { } reply)
            Release(reply with { Reason = CompletionReason.Cancelled });
        else
            Turn(state => state.Cancel());
    }

    private void Turn(Func<EdgeState, EdgeTurn> next) => Take(next(request.State!));

    private void Take(EdgeTurn turn)
    {
        request.State = turn.State;
        foreach (var effect in turn.Effects)
            Do(effect);
        if (turn.State.HasEnded && request.Held is null)
            port.Stop();
    }

    private void NextTick()
    {
        TickLater();
        if (request.Held is null)
            Turn(state => state.Tick());
        else if (++_heldTicks > MostHeldTicks)
            Release(new GenerationProtocol.Failed(RequestId, FailureKind.Fault, $"{MissingRows} rows of logits were lost"));
    }

    /// <summary>A row is confirmed each time it comes: the word for the first may have been lost.</summary>
    private void TakeRow(LogitsProtocol.Row row)
    {
        var failedBefore = request.Rows?.Failure;
        _rowSenders.Add(_sender);
        request.Rows?.Take(row);
        _heldTicks = 0;
        _sender.Tell(new LogitsProtocol.RowTaken(row.RequestId, row.Position), port.Self);
        if (request.Rows?.Failure is not null && failedBefore is null)
            Cancel();
        else if (request.Held is { } reply && MissingRows == 0)
            Release(reply);
    }

    /// <summary>Of a request whose rows are taken, the end is said when all are: they come on another way than it.</summary>
    private void Give(GenerationProtocol.IReply reply)
    {
        if (reply is GenerationProtocol.Completed { Reason: not CompletionReason.Cancelled } completed && MissingRows > 0)
            request.Held = completed;
        else
            Write(reply);
    }

    /// <summary>A request whose rows nobody takes has failed, however its computation ended.</summary>
    private void Write(GenerationProtocol.IReply reply) => request.Replies.Write(
        reply.IsTerminal && request.Rows?.Failure is { } failure
            ? new GenerationProtocol.Failed(RequestId, FailureKind.Fault, failure)
            : reply);

    private void Release(GenerationProtocol.IReply reply)
    {
        Write(reply);
        port.Stop();
    }

    /// <summary>Every token that was run gives a row: all but the one that was sampled last.</summary>
    private int MissingRows => request is { Rows: { } rows, Submit.AllLogits: true, State: { } state }
        ? rows.MissingBelow(request.Submit.Tokens.Length + Math.Max(0, state.Given.Count - 1))
        : 0;

    private void Do(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Locate:
                locator.Tell(NodeProtocol.Locate.Instance, port.Self);
                break;
            case EdgeEffect.Send send:
                port.TellLarge(_coordinator!, WithClient(send.Command));
                break;
            case EdgeEffect.Give give:
                Give(give.Reply);
                break;
            case EdgeEffect.Delay delay:
                request.Delayed(delay.Wait);
                break;
        }
    }

    private GenerationProtocol.ICommand WithClient(GenerationProtocol.ICommand command) =>
        command is GenerationProtocol.Submit submit ? new EdgeProtocol.HandIn(submit, request.Client) : command;

    private void TickLater() => port.StartTimer(TickTimer, Tick.Instance, EdgeRules.Tick);

    /// <summary>A tick has passed.</summary>
    internal sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
