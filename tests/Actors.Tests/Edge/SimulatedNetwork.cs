using Akka.Actor;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

/// <summary>
/// One edge and a succession of coordinators with a network between them that loses, doubles and reorders messages. Coordinators keep
/// the real <see cref="ReplyOutbox"/>; one that is replaced goes on talking for a while, as across a cut.
/// </summary>
internal sealed class SimulatedNetwork
{
    private readonly Random _random;
    private readonly GenerationProtocol.Submit _request;
    private readonly List<Action> _onTheWay = [];
    private readonly List<Coordinating> _coordinators = [];
    private EdgeState _edge;
    private Coordinating? _known;

    public SimulatedNetwork(int seed, int promptLength, int maxNew, int[] stop)
    {
        _random = new Random(seed);
        _request = new GenerationProtocol.Submit(
            Guid.NewGuid(), [.. FakeModel.Prompt(promptLength)], promptLength, maxNew, SamplingOptions.Greedy, [.. stop]);
        _coordinators.Add(new Coordinating(this));
        _edge = Do(EdgeState.Begin(_request, new EdgeRules { Submissions = 1000, WaitForCluster = 100_000 }));
    }

    public List<GenerationProtocol.IReply> Given { get; } = [];

    public bool HasEnded => _edge.HasEnded;

    /// <summary>Share of messages that are lost, and of those that come twice; the rest comes once.</summary>
    public double Loss { get; set; }

    /// <summary>One random thing happens.</summary>
    public void Step(double failover)
    {
        var dice = _random.NextDouble();
        if (dice < failover)
            _coordinators.Add(new Coordinating(this));
        else if (dice < 0.15)
            _edge = Do(_edge.Tick());
        else if (dice < 0.5)
            _coordinators[_random.Next(Math.Max(0, _coordinators.Count - 2), _coordinators.Count)].Generate();
        else if (_onTheWay.Count > 0)
            Deliver(_random.Next(_onTheWay.Count));
    }

    public void Cancel() => _edge = Do(_edge.Cancel());

    /// <summary>The edge's actor starts anew and remembers no coordinator.</summary>
    public void Resume()
    {
        if (_edge.HasEnded)
            return;
        _known = null;
        _edge = Do(_edge.Resume());
    }

    /// <summary>Everything that is on the way arrives, and nothing is lost any more, until the request ends.</summary>
    public void Heal()
    {
        Loss = 0;
        for (var round = 0; round < 5000 && !HasEnded; round++)
        {
            while (_onTheWay.Count > 0)
                Deliver(0);
            _coordinators[^1].Generate();
            if (round % 5 == 0 && !HasEnded)
                _edge = Do(_edge.Tick());
        }
    }

    private void Send(Action arrive)
    {
        var dice = _random.NextDouble();
        if (dice < Loss)
            return;
        _onTheWay.Add(arrive);
        if (dice < 2 * Loss)
            _onTheWay.Add(arrive);
    }

    private void Deliver(int index)
    {
        var arrive = _onTheWay[index];
        _onTheWay.RemoveAt(index);
        arrive();
    }

    private EdgeState Do(EdgeTurn turn)
    {
        // Effects of a turn may not lead back into the edge before its state is in place.
        foreach (var effect in turn.Effects)
        {
            switch (effect)
            {
                case EdgeEffect.Locate:
                    Send(() => Located(_coordinators[^1]));
                    break;
                case EdgeEffect.Send send:
                    Assert.NotNull(_known);
                    var to = _known;
                    Send(() => to.Take(send.Command));
                    break;
                case EdgeEffect.Give give:
                    Given.Add(give.Reply);
                    break;
            }
        }

        return turn.State;
    }

    private void Located(Coordinating found)
    {
        var isSame = found == _known;
        _known = found;
        _edge = Do(_edge.Located(isSame));
    }

    private void Hear(object message, Coordinating from) => _edge = Do(message switch
    {
        GenerationProtocol.IReply reply => _edge.Heard(reply),
        EdgeProtocol.Ended ended => _edge.Ended(ended, from == _known),
        EdgeProtocol.Waiting when from == _known => _edge.Waiting(""),
        EdgeProtocol.Unknown when from == _known => _edge.Unknown(),
        _ => new EdgeTurn(_edge),
    });

    /// <summary>A coordinator whose ranks compute one token whenever they are asked to.</summary>
    private sealed class Coordinating : MinimalActorRef
    {
        private readonly SimulatedNetwork _network;
        private readonly ReplyOutbox _outbox = new();
        private List<int>? _tokens;
        private int _left;
        private int[] _stop = [];

        public Coordinating(SimulatedNetwork network) => _network = network;

        public override ActorPath Path => new RootActorPath(Address.AllSystems);

        public override IActorRefProvider Provider => throw new NotSupportedException();

        public void Take(GenerationProtocol.ICommand command)
        {
            switch (command)
            {
                case GenerationProtocol.Submit submit when _outbox.TryAdd(submit, this):
                    (_tokens, _left, _stop) = ([.. submit.Tokens], submit.MaxNewTokens, [.. submit.StopTokens]);
                    break;
                case GenerationProtocol.Submit submit:
                    _outbox.Answer(submit.RequestId, submit.Tokens.Length, this, this, "");
                    break;
                case EdgeProtocol.Poll poll:
                    _outbox.Answer(poll.RequestId, poll.Known, this, this, "");
                    break;
                case EdgeProtocol.Done done:
                    _outbox.Forget(done.RequestId);
                    _tokens = null;
                    break;
                case GenerationProtocol.Cancel when _tokens is not null:
                    End(CompletionReason.Cancelled);
                    break;
            }
        }

        public void Generate()
        {
            if (_tokens is null)
                return;
            if (_left == 0)
            {
                End(CompletionReason.Length);
                return;
            }

            _left--;
            var token = FakeModel.Sample(FakeModel.Read(_tokens));
            _outbox.Tell(new GenerationProtocol.TokenGenerated(_network._request.RequestId, _tokens.Count, token), this);
            _tokens.Add(token.Id);
            if (_stop.Contains(token.Id))
                End(CompletionReason.Stop);
        }

        /// <remarks>Stands for the edge, too: what the outbox tells goes onto the network.</remarks>
        protected override void TellInternal(object message, IActorRef sender) => _network.Send(() => _network.Hear(message, this));

        private void End(CompletionReason reason)
        {
            _tokens = null;
            _outbox.Tell(new GenerationProtocol.Completed(_network._request.RequestId, reason, PrefillPlacement.None), this);
        }
    }
}
