using Akka.Actor;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Whom to tell about each request, and what was told: an edge that missed a reply asks for it. A request stays here until its edge
/// has confirmed the terminal reply, or has been silent for its lease.
/// </summary>
internal sealed class ReplyOutbox
{
    private readonly Dictionary<Guid, Entry> _entries = [];

    /// <summary>Requests that have no terminal reply yet.</summary>
    public IReadOnlyList<Guid> Open => [.. _entries.Values.Where(entry => entry.Ended is null).Select(entry => entry.RequestId)];

    /// <summary>Requests in the outbox, those that have ended included.</summary>
    public int Count => _entries.Count;

    /// <summary>Notes a request's edge; false when the request is in the outbox.</summary>
    public bool TryAdd(GenerationProtocol.Submit submit, IActorRef edge) => _entries.TryAdd(
        submit.RequestId, new Entry(submit.RequestId, edge, submit.Tokens.IsDefault ? 0 : submit.Tokens.Length));

    /// <summary>The request's edge; null when the request is not in the outbox.</summary>
    public IActorRef? EdgeOf(Guid requestId) => _entries.TryGetValue(requestId, out var entry) ? entry.Edge : null;

    /// <summary>Tells a reply to its edge, and keeps it.</summary>
    public void Tell(GenerationProtocol.IReply reply, IActorRef sender)
    {
        if (!_entries.TryGetValue(reply.RequestId, out var entry) || entry.Ended is not null)
            return;
        if (reply is GenerationProtocol.TokenGenerated token)
            entry.Tokens.Add(token);
        if (reply.IsTerminal)
            entry.Ended = new EdgeProtocol.Ended(reply.RequestId, entry.Length, reply);
        entry.Edge.Tell(entry.Ended is { } ended ? ended : reply, sender);
    }

    /// <summary>Answers an edge that knows that many tokens: with those that it misses and the end, or that nothing is new.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="known">Tokens that the edge has, prompt and answer together.</param>
    /// <param name="edge">The edge.</param>
    /// <param name="coordinator">The coordinator.</param>
    /// <param name="missing">What keeps it from running requests; empty for nothing.</param>
    public void Answer(Guid requestId, int known, IActorRef edge, IActorRef coordinator, string missing)
    {
        if (!_entries.TryGetValue(requestId, out var entry))
        {
            edge.Tell(new EdgeProtocol.Unknown(requestId), coordinator);
            return;
        }

        entry.Silence = 0;
        foreach (var token in entry.Tokens.Skip(Math.Max(0, known - entry.FirstPosition)))
            edge.Tell(token, coordinator);
        if (entry.Ended is { } ended)
            edge.Tell(ended, coordinator);
        else if (known >= entry.Length)
            edge.Tell(new EdgeProtocol.Waiting(requestId, missing), coordinator);
    }

    /// <summary>Requests whose edges are in the process at an address.</summary>
    /// <param name="control">Its control plane, <c>host:port</c>.</param>
    public IReadOnlyList<Guid> At(string control) =>
        [.. _entries.Values.Where(entry => ControlAddress.Text(entry.Edge.Path.Address) == control).Select(entry => entry.RequestId)];

    /// <summary>The edge has all that it needs.</summary>
    public void Forget(Guid requestId) => _entries.Remove(requestId);

    /// <summary>A second later: ended requests whose edges are silent are forgotten.</summary>
    /// <returns>Requests that run on for edges that are silent.</returns>
    public IReadOnlyList<Guid> Age(int lease)
    {
        foreach (var entry in _entries.Values)
            entry.Silence++;
        var silent = _entries.Values.Where(entry => entry.Silence > lease).ToList();
        foreach (var entry in silent.Where(entry => entry.Ended is not null))
            _entries.Remove(entry.RequestId);
        return [.. silent.Where(entry => entry.Ended is null).Select(entry => entry.RequestId)];
    }

    /// <summary>Sends every edge away: this coordinator knows no request any more.</summary>
    public void Dismiss(IActorRef sender)
    {
        foreach (var entry in _entries.Values.Where(entry => entry.Ended is null))
            entry.Edge.Tell(new EdgeProtocol.Unknown(entry.RequestId), sender);
        _entries.Clear();
    }

    private sealed class Entry(Guid requestId, IActorRef edge, int firstPosition)
    {
        public Guid RequestId { get; } = requestId;

        public IActorRef Edge { get; } = edge;

        /// <summary>Position of the first token that is generated here.</summary>
        public int FirstPosition { get; } = firstPosition;

        public List<GenerationProtocol.TokenGenerated> Tokens { get; } = [];

        public EdgeProtocol.Ended? Ended { get; set; }

        public int Silence { get; set; }

        public int Length => FirstPosition + Tokens.Count;
    }
}
