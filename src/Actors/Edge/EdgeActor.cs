using Akka.Actor;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// Stands for one request's client: turns messages into calls of <see cref="EdgeState"/>, and what comes back into Tells and replies on a
/// channel. It watches nobody: a link that is cut for a while must not end the request, nor get a client's whole process shut out.
/// </summary>
internal sealed class EdgeActor : ReceiveActor, IWithTimers
{
    private const int MostHeldTicks = 60;

    private readonly IActorRef _locator;
    private readonly OpenRequest _request;
    private readonly EdgeRules _rules;
    private readonly PartsAssembler _parts = new();
    private IActorRef? _coordinator;
    private GenerationProtocol.Completed? _held;
    private int _heldTicks;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public EdgeActor(IActorRef locator, OpenRequest request, EdgeRules rules)
    {
        (_locator, _request, _rules) = (locator, request, rules);
        Receive<NodeProtocol.Located>(Located);
        Receive<GenerationProtocol.IReply>(
            reply => reply.RequestId == RequestId && !reply.IsTerminal, reply => Turn(state => state.Heard(reply)));
        Receive<EdgeProtocol.Ended>(
            ended => ended.RequestId == RequestId, ended => Turn(state => state.Ended(ended, Sender.Equals(_coordinator))));
        Receive<EdgeProtocol.Waiting>(Concerns, waiting => Turn(state => state.Waiting(waiting.Missing)));
        Receive<EdgeProtocol.Unknown>(Concerns, _ => Turn(state => state.Unknown()));
        Receive<GenerationProtocol.Cancel>(_ => Cancel());
        Receive<LogitsProtocol.Row>(row => row.RequestId == RequestId, TakeRow);
        Receive<PartProtocol.Part>(part =>
        {
            if (_parts.Take(part, Context.System) is { } whole)
                Self.Tell(whole, Sender);
        });
        Receive<Tick>(_ => NextTick());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private Guid RequestId => _request.Submit.RequestId;

    /// <summary>How a request is started, or gone on with.</summary>
    /// <param name="locator">Answers <see cref="NodeProtocol.Locate"/>.</param>
    /// <param name="request">The request.</param>
    /// <param name="rules">How patient it is.</param>
    public static Props Props(IActorRef locator, OpenRequest request, EdgeRules rules) =>
        Akka.Actor.Props.Create(() => new EdgeActor(locator, request, rules));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        TickLater();
        Take(_request.State?.Resume() ?? EdgeState.Begin(_request.Submit, _rules));
    }

    private bool Concerns(EdgeProtocol.IEdgeMessage message) => message.RequestId == RequestId && Sender.Equals(_coordinator);

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
        if (_held is not null)
            Release(_held with { Reason = CompletionReason.Cancelled });
        else
            Turn(state => state.Cancel());
    }

    private void Turn(Func<EdgeState, EdgeTurn> next) => Take(next(_request.State!));

    private void Take(EdgeTurn turn)
    {
        _request.State = turn.State;
        foreach (var effect in turn.Effects)
            Do(effect);
        if (turn.State.HasEnded && _held is null)
            Context.Stop(Self);
    }

    private void NextTick()
    {
        TickLater();
        _parts.Tick();
        if (_held is null)
            Turn(state => state.Tick());
        else if (++_heldTicks > MostHeldTicks)
            Release(new GenerationProtocol.Failed(RequestId, FailureKind.Fault, $"{MissingRows} rows of logits were lost"));
    }

    /// <summary>A row is confirmed each time it comes: the word for the first may have been lost.</summary>
    private void TakeRow(LogitsProtocol.Row row)
    {
        var failedBefore = _request.Rows?.Failure;
        _request.Rows?.Take(row);
        _heldTicks = 0;
        Sender.Tell(new LogitsProtocol.RowTaken(row.RequestId, row.Position), Self);
        if (_request.Rows?.Failure is not null && failedBefore is null)
            Cancel();
        else if (_held is { } reply && MissingRows == 0)
            Release(reply);
    }

    /// <summary>Of a request whose rows are taken, the end is said when all are: they come on another way than it.</summary>
    private void Give(GenerationProtocol.IReply reply)
    {
        if (reply is GenerationProtocol.Completed { Reason: not CompletionReason.Cancelled } completed && MissingRows > 0)
            _held = completed;
        else
            Write(reply);
    }

    /// <summary>A request whose rows nobody takes has failed, however its computation ended.</summary>
    private void Write(GenerationProtocol.IReply reply) => _request.Replies.Write(
        reply.IsTerminal && _request.Rows?.Failure is { } failure
            ? new GenerationProtocol.Failed(RequestId, FailureKind.Fault, failure)
            : reply);

    private void Release(GenerationProtocol.IReply reply)
    {
        Write(reply);
        Context.Stop(Self);
    }

    /// <summary>Every token that was run gives a row: all but the one that was sampled last.</summary>
    private int MissingRows => _request is { Rows: { } rows, Submit.AllLogits: true, State: { } state }
        ? rows.MissingBelow(_request.Submit.Tokens.Length + Math.Max(0, state.Given.Count - 1))
        : 0;

    private void Do(EdgeEffect effect)
    {
        switch (effect)
        {
            case EdgeEffect.Locate:
                _locator.Tell(NodeProtocol.Locate.Instance);
                break;
            case EdgeEffect.Send send:
                _coordinator!.TellLarge(WithClient(send.Command), Self, Context.System);
                break;
            case EdgeEffect.Give give:
                Give(give.Reply);
                break;
            case EdgeEffect.Delay delay:
                _request.Delayed(delay.Wait);
                break;
        }
    }

    private GenerationProtocol.ICommand WithClient(GenerationProtocol.ICommand command) =>
        command is GenerationProtocol.Submit submit ? new EdgeProtocol.HandIn(submit, _request.Client) : command;

    private void TickLater() => Timers.StartSingleTimer(Tick.Instance, Tick.Instance, EdgeRules.Tick);

    private sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
