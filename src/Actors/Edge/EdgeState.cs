using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// One request as its edge sees it: the prompt, the tokens that its client has, and what the coordinator has been heard to say.
/// Immutable; each event is a method that returns the next state and what is to be done. Messages may be lost, come twice, or come
/// from a coordinator that is none any more: the client gets each token once and in order, then one terminal reply, in bounded time.
/// </summary>
internal sealed record EdgeState
{
    private EdgeState(GenerationProtocol.Submit request, EdgeRules rules) => (Request, Rules) = (request, rules);

    /// <summary>What the client asked for.</summary>
    public GenerationProtocol.Submit Request { get; }

    /// <summary>How patient it is.</summary>
    public EdgeRules Rules { get; }

    /// <summary>Tokens that the client has.</summary>
    public ImmutableList<int> Given { get; private init; } = [];

    /// <summary>Whether the client has its terminal reply.</summary>
    public bool HasEnded { get; private init; }

    /// <summary>Whether a coordinator is known.</summary>
    public bool IsLocated { get; private init; }

    private bool IsCancelling { get; init; }

    /// <summary>Whether a coordinator has ever taken the request.</summary>
    private bool WasTaken { get; init; }

    /// <summary>Whether the request waits for room in the coordinator's queue, to be handed in with the next tick.</summary>
    private bool WaitsForRoom { get; init; }

    /// <summary>Whether it was asked for what is missing since the last tick.</summary>
    private bool HasPolled { get; init; }

    /// <summary>Whether the current coordinator was handed the request since the last tick, and has not answered. That it does not know it
    /// was said of earlier polls then, of which a link that opens late delivers many at once.</summary>
    private bool HasSubmitted { get; init; }

    private int Silence { get; init; }

    /// <summary>Ticks since a coordinator with a group of ranks was heard of.</summary>
    private int Stalled { get; init; }

    /// <summary>What the coordinator's group lacks; empty where it has one, or nobody has said.</summary>
    private string Missing { get; init; } = "";

    private int Ticks { get; init; }

    private int Cancelled { get; init; }

    private int Submissions { get; init; }

    private int Known => Request.Tokens.Length + Given.Count;

    /// <summary>A new request.</summary>
    public static EdgeTurn Begin(GenerationProtocol.Submit request, EdgeRules rules) =>
        new EdgeTurn(new EdgeState(request, rules)).Do(new EdgeEffect.Locate());

    /// <summary>The request goes on under another actor, which knows no coordinator.</summary>
    public EdgeTurn Resume() =>
        new EdgeTurn(this with { IsLocated = false, Silence = 0, HasPolled = false, HasSubmitted = false }).Do(new EdgeEffect.Locate());

    /// <summary>The coordinator was found, the same as before or another.</summary>
    public EdgeTurn Located(bool isSame)
    {
        if (HasEnded)
            return new EdgeTurn(this);
        var found = this with { IsLocated = true, HasSubmitted = isSame && HasSubmitted };
        if (Submissions == 0 && Given.IsEmpty && !WasTaken)
            return found.Submit();
        return isSame ? new EdgeTurn(found) : found.Poll();
    }

    /// <summary>A token or progress came from any coordinator.</summary>
    public EdgeTurn Heard(GenerationProtocol.IReply reply)
    {
        if (HasEnded)
            return new EdgeTurn(this);
        var isAdmission = reply is GenerationProtocol.Progress { Processed: 0 };
        var heard = this with { Silence = 0, Stalled = isAdmission ? Stalled : 0, WasTaken = true, HasSubmitted = false };
        return reply switch
        {
            GenerationProtocol.TokenGenerated token when token.Position == Known =>
                new EdgeTurn(heard with { Given = Given.Add(token.Token.Id), Submissions = 0 }).Do(new EdgeEffect.Give(token)),
            GenerationProtocol.TokenGenerated token when token.Position > Known => heard.PollOnce(),
            GenerationProtocol.Progress progress => new EdgeTurn(heard).Do(new EdgeEffect.Give(OfWholePrompt(progress))),
            _ => new EdgeTurn(heard),
        };
    }

    /// <summary>The coordinator has nothing new.</summary>
    /// <param name="missing">What keeps it from running requests; empty for nothing.</param>
    public EdgeTurn Waiting(string missing) => new(this with
    {
        Silence = 0,
        Stalled = missing.Length == 0 ? 0 : Stalled,
        Missing = missing,
        WasTaken = true,
        HasSubmitted = false,
    });

    /// <summary>The current coordinator does not know the request.</summary>
    public EdgeTurn Unknown()
    {
        if (HasEnded)
            return new EdgeTurn(this);
        var heard = this with { Silence = 0, WaitsForRoom = false };
        if (HasSubmitted && !IsCancelling)
            return new EdgeTurn(heard);
        if (IsCancelling)
            return heard.Finish(Complete(CompletionReason.Cancelled));
        if (!Given.IsEmpty && Request.StopTokens.Contains(Given[^1]))
            return heard.Finish(Complete(CompletionReason.Stop));
        if (!Given.IsEmpty && Given.Count >= Request.MaxNewTokens)
            return heard.Finish(Complete(CompletionReason.Length));
        return Submissions < Rules.Submissions
            ? heard.Submit()
            : heard.Finish(Fail(FailureKind.Fault, $"the request was handed in {Submissions} times without a new token"));
    }

    /// <summary>A coordinator says that the request ended.</summary>
    /// <param name="ended">What it says.</param>
    /// <param name="isCurrent">Whether it is the coordinator that the edge turns to now. Another may give a text's end, which is the same
    /// everywhere, but not give up.</param>
    public EdgeTurn Ended(EdgeProtocol.Ended ended, bool isCurrent)
    {
        if (HasEnded)
            return new EdgeTurn(this);
        var heard = this with { Silence = 0 };
        switch (ended.Reply)
        {
            case GenerationProtocol.Completed { Reason: CompletionReason.Cancelled } when !IsCancelling:
            case GenerationProtocol.Failed when !isCurrent:
                return isCurrent ? heard.Resubmit() : new EdgeTurn(this);
            case GenerationProtocol.Failed { Error: FailureKind.Busy } when WasTaken && !IsCancelling:
                return new EdgeTurn(heard with { WaitsForRoom = true, Stalled = 0 }).Do(Send(new EdgeProtocol.Done(Request.RequestId)));
            case GenerationProtocol.Failed { Error: FailureKind.ContextLengthExceeded } when !Given.IsEmpty:
                return heard.Finish(Complete(CompletionReason.Length));
            case GenerationProtocol.Completed when ended.Length > Known && IsCancelling:
                return heard.Finish(Complete(CompletionReason.Cancelled));
            default:
                return ended.Length > Known && !IsCancelling ? heard.PollOnce() : heard.Finish(ended.Reply);
        }
    }

    /// <summary>The client has enough.</summary>
    public EdgeTurn Cancel()
    {
        if (HasEnded || IsCancelling)
            return new EdgeTurn(this);
        var cancelling = this with { IsCancelling = true };
        return IsLocated ? cancelling.SendCancel() : cancelling.Finish(Complete(CompletionReason.Cancelled));
    }

    /// <summary>Time passes.</summary>
    public EdgeTurn Tick()
    {
        if (HasEnded)
            return new EdgeTurn(this);
        var next = this with
        {
            Silence = Silence + 1,
            Stalled = Stalled + 1,
            Ticks = Ticks + 1,
            HasPolled = false,
            HasSubmitted = false,
        };
        if (IsCancelling)
            return next.TickCancelling();
        if (next.Stalled >= Rules.WaitForCluster)
            return next.Finish(next.GiveUp());
        var turn = next.Ask();
        return next.Stalled == Rules.Notice
            ? turn.Do(new EdgeEffect.Delay(new ClusterWait(next.Lack, Rules.Notice * EdgeRules.Tick, Rules.Limit)))
            : turn;
    }

    /// <summary>Why nothing happens, in words.</summary>
    private string Lack => Missing.Length > 0 && Silence <= Rules.Relocate
        ? $"the cluster has no group of ranks: {Missing}"
        : $"no coordinator of a cluster answers: asked {Rules.Asked()}";

    private EdgeTurn Ask()
    {
        if (!IsLocated)
            return new EdgeTurn(this).Do(new EdgeEffect.Locate());
        if (WaitsForRoom)
            return (this with { WaitsForRoom = false }).Submit(isNew: false);

        var isDue = Ticks % Rules.Lease == 0;
        var turn = Silence > 0 || isDue ? Poll() : new EdgeTurn(this);
        return Silence >= Rules.Relocate || isDue ? turn.Do(new EdgeEffect.Locate()) : turn;
    }

    private EdgeTurn TickCancelling() => Cancelled >= Rules.Cancel || !IsLocated
        ? Finish(Complete(CompletionReason.Cancelled))
        : (this with { Cancelled = Cancelled + 1 }).SendCancel();

    private EdgeTurn SendCancel() => new EdgeTurn(this)
        .Do(Send(new GenerationProtocol.Cancel(Request.RequestId)))
        .Do(Send(new EdgeProtocol.Poll(Request.RequestId, Known)));

    private EdgeTurn Submit(bool isNew = true)
    {
        var submit = Given.IsEmpty ? Request : Request with
        {
            Tokens = Request.Tokens.AddRange(Given),
            MaxNewTokens = Request.MaxNewTokens - Given.Count,
        };
        return new EdgeTurn(this with { HasSubmitted = true, Submissions = isNew ? Submissions + 1 : Submissions }).Do(Send(submit));
    }

    /// <summary>The coordinator gave the request up while its edge was silent; it is handed in anew.</summary>
    private EdgeTurn Resubmit()
    {
        var turn = (this with { HasSubmitted = false }).Unknown();
        return turn with { Effects = turn.Effects.Insert(0, Send(new EdgeProtocol.Done(Request.RequestId))) };
    }

    private EdgeTurn Poll() => new EdgeTurn(this with { HasPolled = true }).Do(Send(new EdgeProtocol.Poll(Request.RequestId, Known)));

    /// <summary>Every message behind a lost one shows the gap; asking once is enough.</summary>
    private EdgeTurn PollOnce() => HasPolled || !IsLocated ? new EdgeTurn(this) : Poll();

    private EdgeTurn Finish(GenerationProtocol.IReply reply)
    {
        var turn = new EdgeTurn(this with { HasEnded = true }).Do(new EdgeEffect.Give(reply));
        return IsLocated ? turn.Do(Send(new EdgeProtocol.Done(Request.RequestId))) : turn;
    }

    private GenerationProtocol.Progress OfWholePrompt(GenerationProtocol.Progress progress) => progress with
    {
        Processed = Math.Min(progress.Processed, Request.Tokens.Length),
        Total = Request.Tokens.Length,
    };

    private GenerationProtocol.Completed Complete(CompletionReason reason) => new(Request.RequestId, reason, PrefillPlacement.None);

    private GenerationProtocol.Failed GiveUp() =>
        Fail(FailureKind.Unavailable, FormattableString.Invariant($"{Lack}, for {Rules.Limit.TotalSeconds:0.###} s"));

    private GenerationProtocol.Failed Fail(FailureKind kind, string message) => new(Request.RequestId, kind, message);

    private static EdgeEffect.Send Send(GenerationProtocol.ICommand command) => new(command);
}

/// <summary>A state and what is to be done on the way to it, in order.</summary>
internal sealed record EdgeTurn(EdgeState State)
{
    public ImmutableList<EdgeEffect> Effects { get; init; } = [];

    /// <summary>With one more thing to do.</summary>
    public EdgeTurn Do(EdgeEffect effect) => this with { Effects = Effects.Add(effect) };
}
