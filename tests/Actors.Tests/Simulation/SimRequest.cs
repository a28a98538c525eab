using Akka.Actor;
using AkkaCp.Actors.Edge;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// One request and the client that reads its replies: each token has to come once, in order, and be that of an undisturbed run; then one
/// terminal reply.
/// </summary>
internal sealed class SimRequest
{
    private readonly Simulation _world;
    private readonly SimProcess _process;
    private readonly OpenRequest _open;
    private readonly IReadOnlyList<int> _text;
    private readonly int _number;
    private readonly bool _isSlow;
    private SimActor? _edge;
    private bool _isCancelled;
    private bool _isReading;
    private int _read;

    public SimRequest(Simulation world, SimProcess process, int number)
    {
        (_world, _process, _number, _isSlow) = (world, process, number, world.Draw.Chance(0.2));
        var prompt = PromptOf(world.Draw.Next(1, 37), number, world.Scenario.Limits.PrefixCache);
        var maxNew = world.Draw.Next(0, 30);
        var limits = world.Scenario.Limits;
        var length = (int)Math.Min(Math.Min(prompt.Length + maxNew, limits.ContextLength), limits.PoolTokens + 1) - prompt.Length;
        var text = FakeModel.Continue(prompt, length);
        int[] stop = length > 0 && world.Draw.Chance(0.3) ? [world.Draw.Of(text)] : [];
        var end = stop.Length == 0 ? -1 : text.ToList().IndexOf(stop[0]);
        _text = end < 0 ? text : [.. text.Take(end + 1)];
        Reason = end < 0 ? CompletionReason.Length : CompletionReason.Stop;
        Submit = new GenerationProtocol.Submit(
            world.NewId(), [.. prompt], prompt.Length, maxNew, SamplingOptions.Greedy, [.. stop])
        {
            CacheSalt = number % 4 == 0 ? "other" : "",
        };
        _open = new OpenRequest(Submit, rows: null, _ => { }, SimHost.SameFacts.ToClient());
    }

    public GenerationProtocol.Submit Submit { get; }

    /// <summary>Whether its client has read the terminal reply, or is dead.</summary>
    public bool HasEnded => IsRead || !_process.IsAlive;

    private CompletionReason Reason { get; }

    private bool IsRead { get; set; }

    /// <summary>An actor works for it from now on.</summary>
    public void Attach(SimProcess process, IActorRef locator)
    {
        if (HasEnded)
            return;
        var edge = new SimActor(process, $"edge-{_number}");
        var logic = new EdgeLogic(locator, _open, _world.Scenario.EdgeRules, edge);
        _open.Attach(edge);
        _edge = edge;
        edge.Become(
            (message, sender) =>
            {
                var isKnown = logic.Hear(message, sender);
                ReadAll();
                return isKnown;
            },
            logic.Start, () => { });
        if (_isSlow && !_isReading)
            ReadLater();
        _isReading = true;
    }

    /// <summary>Its actor is gone; another will work for it.</summary>
    public void Detach()
    {
        _open.Attach(null);
        _edge?.End();
        _edge = null;
    }

    /// <summary>The client has enough.</summary>
    public void Cancel()
    {
        if (IsRead)
            return;
        _isCancelled = true;
        _open.Cancel();
    }

    public override string ToString() =>
        $"request {_number} of {_process} ({Submit.Tokens.Length} + {_text.Count} tokens, "
            + $"{_read} read{(_isCancelled ? ", cancelled" : "")})";

    /// <summary>Of requests that share blocks, two conversations that branch anywhere.</summary>
    private static int[] PromptOf(int length, int number, bool areShared) => areShared
        ? [.. FakeModel.Prompt(length - (length / number), number % 2), .. FakeModel.Prompt(length / number, number)]
        : FakeModel.Prompt(length, number);

    private void ReadAll()
    {
        while (!_isSlow && _open.Replies.TryRead(out var reply))
            Read(reply);
    }

    private void ReadLater() => _process.After(_world.Draw.Next(50, 1500), () =>
    {
        if (_open.Replies.TryRead(out var reply))
            Read(reply);
        if (!IsRead)
            ReadLater();
    });

    private void Read(GenerationProtocol.IReply reply)
    {
        if (IsRead)
            throw new SimulationException($"{this} ends twice: {reply}");
        _world.Trace?.Read(this, reply);
        switch (reply)
        {
            case GenerationProtocol.TokenGenerated token:
                if (_read >= _text.Count || token.Position != Submit.Tokens.Length + _read || token.Token.Id != _text[_read])
                    throw new SimulationException($"{this} gets token {token.Token.Id} at position {token.Position}");
                _read++;
                break;
            case GenerationProtocol.Completed completed:
                IsRead = true;
                CheckEnd(completed);
                break;
            case GenerationProtocol.Failed failed:
                IsRead = true;
                if (!_world.MayFail(failed))
                    throw new SimulationException($"{this} fails: {failed.Error}, {failed.Message}");
                break;
        }
    }

    private void CheckEnd(GenerationProtocol.Completed completed)
    {
        if (completed.Reason == CompletionReason.Cancelled ? !_isCancelled : completed.Reason != Reason || _read != _text.Count)
            throw new SimulationException($"{this} is completed: {completed.Reason}");
    }
}
