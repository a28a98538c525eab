using System.Collections.Concurrent;
using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Model;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Several nodes over loopback in this process, each with an actor system and fake ranks of its own.</summary>
/// <param name="worldSize">Ranks.</param>
/// <param name="tls">Certificates; null for none.</param>
/// <param name="noticesSilence">Whether a node that says nothing is given up within seconds; otherwise not within any test's time.</param>
/// <param name="heard">Takes the nodes' log lines, too.</param>
internal sealed class TestCluster(
    int worldSize = 2, TlsSettings? tls = null, bool noticesSilence = true, Action<string>? heard = null) : IAsyncDisposable
{
    /// <summary>Everything that takes seconds in earnest, so that a test need not wait for it.</summary>
    private const string Fast = """
        cluster {
          gossip-interval = 200ms
          leader-actions-interval = 200ms
          periodic-tasks-initial-delay = 100ms
          unreachable-nodes-reaper-interval = 200ms
          seed-node-timeout = 1s
          retry-unsuccessful-join-after = 1s
          failure-detector { heartbeat-interval = 300ms, acceptable-heartbeat-pause = 3s }
          split-brain-resolver.stable-after = 1s
          singleton { hand-over-retry-interval = 200ms, min-number-of-hand-over-retries = 5 }
          singleton-proxy.singleton-identification-interval = 200ms
        }
        """;

    /// <summary>Nobody is waited for in a test's time where nobody is there.</summary>
    private const string Patient = "coordinated-shutdown.phases.cluster-exiting.timeout = 1h";

    private const string DeafToSilence = "cluster.split-brain-resolver.stable-after = 1h";

    /// <summary>Room for prompts of several hundred thousand tokens.</summary>
    public const int KvBlocks = 25_000;

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly List<TestNode> _nodes = [];
    private readonly List<ClientPlane> _clients = [];

    public IReadOnlyList<TestNode> Nodes => _nodes;

    /// <summary>Starts a node; those before it are its seeds.</summary>
    public TestNode Start(
        string name, ScriptedRanks? ranks = null, int port = 0, GroupFacts? facts = null, string[]? seeds = null)
    {
        ranks ??= new ScriptedRanks(worldSize, kvBlocks: KvBlocks)
        {
            Offer = new NodeOffer(name, $"{name}:1", 1, 1L << 30, "fake", KvBlocks),
        };
        if (facts is not null)
            ranks = new ScriptedRanks(worldSize, kvBlocks: KvBlocks) { Offer = ranks.Offer, Facts = facts };
        var node = new TestNode(name, ranks, Settings(port, seeds), worldSize, heard);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Two nodes that serve, and a third that stands by: it starts later, for places go to whoever is there first.</summary>
    public async Task<(TestNode A, TestNode B, TestNode Spare)> StartWithSpare()
    {
        var (a, b) = (Start("a"), Start("b"));
        await ServedBy(a, b);
        var spare = Start("c");
        await spare.Until(status => status is { State: NodeState.Ready, Ranks.IsEmpty: true });
        return (a, b, spare);
    }

    /// <summary>A client outside the cluster.</summary>
    /// <param name="model">Its model; null for that of the nodes.</param>
    public ClientPlane Client(ModelFacts? model = null)
    {
        var client = ClientPlane.Start(
            Settings(0), new OutputLogger(TestContext.Current.TestOutputHelper), model ?? new ScriptedRanks().Facts.Model);
        _clients.Add(client);
        return client;
    }

    /// <summary>Waits until the ranks are served by these nodes, in order of the ranks.</summary>
    public async Task ServedBy(params TestNode[] nodes)
    {
        for (var rank = 0; rank < nodes.Length; rank++)
            await nodes[rank].Until(status => status.State is NodeState.Serving);
    }

    public EngineSettings Settings(int port, string[]? seeds = null) => new()
    {
        Cluster = new ClusterSettings
        {
            Port = port,
            Seeds = seeds is null ? [.. _nodes.Select(node => node.Node.Control)] : [.. seeds],
            NodeTimeout = noticesSilence ? TimeSpan.FromSeconds(3) : TimeSpan.FromHours(1),
        },
        Transport = new TransportSettings { Tls = tls ?? new TlsSettings() },
        KvCache = new KvCacheSettings { BlockSizeTokens = 16 },
        Akka = noticesSilence ? $"{Fast}{Environment.NewLine}{Patient}" : $"{Fast}{Environment.NewLine}{DeafToSilence}",
    };

    public static GenerationProtocol.Submit Request(int promptLength, int maxNew, int salt = 0) => new(
        Guid.NewGuid(), [.. FakeModel.Prompt(promptLength, salt)], promptLength, maxNew, SamplingOptions.Greedy, []);

    /// <summary>Reads a stream to its end, and checks that it is the whole text, once.</summary>
    public static async Task<IReadOnlyList<GenerationProtocol.IReply>> Read(
        IAsyncEnumerable<GenerationProtocol.IReply> stream, GenerationProtocol.Submit request, Action<int>? onToken = null)
    {
        var replies = new List<GenerationProtocol.IReply>();
        using var patience = new CancellationTokenSource(Patience);
        await foreach (var reply in stream.WithCancellation(patience.Token))
        {
            replies.Add(reply);
            if (reply is GenerationProtocol.TokenGenerated token)
                onToken?.Invoke(token.Position - request.Tokens.Length);
        }

        Assert.Single(replies, reply => reply.IsTerminal);
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(replies[^1]).Reason);
        Assert.Equal(
            FakeModel.Continue(request.Tokens, request.MaxNewTokens),
            replies.OfType<GenerationProtocol.TokenGenerated>().Select(token => token.Token.Id));
        return replies;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await Task.WhenAll(_nodes.Select(node => node.Kill()));
    }
}

/// <summary>One node, and what it said of itself.</summary>
internal sealed class TestNode
{
    private readonly Lock _lock = new();
    private readonly List<(Func<NodeStatus, bool> Is, TaskCompletionSource Met)> _waiting = [];

    public TestNode(string name, ScriptedRanks ranks, EngineSettings settings, int worldSize, Action<string>? heard = null)
    {
        (Name, Ranks) = (name, ranks);
        Node = NodePlane.Start(settings, new NodeOptions
        {
            Host = ranks,
            WorldSize = worldSize,
            CpSize = worldSize,
            VocabSize = FakeModel.VocabSize,
            ContextLength = 400_000,
            Loggers = new OutputLogger(TestContext.Current.TestOutputHelper, heard),
            StateChanged = Note,
        });
    }

    public string Name { get; }

    public ScriptedRanks Ranks { get; }

    public NodePlane Node { get; }

    public ConcurrentQueue<NodeStatus> Said { get; } = new();

    public ImmutableArray<NodeState> States => [.. Said.Select(status => status.State)];

    /// <summary>Waits until the node says it is so.</summary>
    public async Task Until(Func<NodeStatus, bool> isMet)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (isMet(Node.Status))
                return;
            _waiting.Add((isMet, met));
        }

        try
        {
            await met.Task.WaitAsync(TestCluster.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"node {Name}: {string.Join("; ", Said)}");
        }
    }

    /// <summary>Ends the node's actor system as a killed process would: no farewell.</summary>
    public Task Kill() => Node.KillAsync();

    private void Note(NodeStatus status)
    {
        Said.Enqueue(status);
        lock (_lock)
        {
            foreach (var (isMet, met) in _waiting)
            {
                if (isMet(status))
                    met.TrySetResult();
            }
        }
    }
}
