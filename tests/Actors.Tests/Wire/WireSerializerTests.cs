using System.Runtime.Serialization;
using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Wire;
using AkkaCp.Model;
using AkkaCp.Model.Sampling;
using AkkaCp.Model.Weights;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Wire;

public sealed class WireSerializerTests : IDisposable
{
    private static readonly Guid s_id = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly SamplingOptions s_sampling = new()
    {
        Temperature = 0.7f,
        TopK = 40,
        TopP = 0.9f,
        MinP = 0.05f,
        RepetitionPenalty = 1.1f,
        PresencePenalty = -0.5f,
        FrequencyPenalty = 0.25f,
        Seed = ulong.MaxValue - 5,
        TopLogprobs = 3,
        Logprobs = true,
        LogitBias = new Dictionary<int, float> { [7] = -100, [3] = 2.5f },
    };

    private static readonly GroupFacts s_facts = new(
        new ModelFacts([new ModelFact("config.json", "12ab"), new ModelFact("chat template", "none")]), "34cd", "tp 2", "bf16", "k7",
        101, 128, 1);

    private static readonly SampledToken s_token =
        new(42, -0.5f, [new TokenLogprob(42, -0.5f), new TokenLogprob(9, float.NegativeInfinity)]);

    private static readonly PipelineFault s_fault = new(FaultKind.PeerLost, "KvGather", 17, 3, long.MaxValue, "rank 2 did not come · 10 s");

    private readonly ActorSystem _system = ActorSystem.Create("wire", AkkaConfig.Of(new EngineSettings()));

    public static TheoryData<object> Messages => new()
    {
        new EdgeProtocol.HandIn(new GenerationProtocol.Submit(s_id, [1, 0, 151_935], 2, int.MaxValue, s_sampling, [5, 6], true), null),
        new EdgeProtocol.HandIn(new GenerationProtocol.Submit(s_id, [1], 1, 0, SamplingOptions.Greedy, []), null),
        new EdgeProtocol.HandIn(
            new GenerationProtocol.Submit(s_id, [1], 1, 0, SamplingOptions.Greedy, []) { CacheSalt = "key \U0001F511" }, null),
        new EdgeProtocol.HandIn(
            new GenerationProtocol.Submit(s_id, [1], 1, 0, SamplingOptions.Greedy, [], false), new ClientFacts(s_facts.Model, 7)),
        new GenerationProtocol.Cancel(s_id),
        new GenerationProtocol.Progress(s_id, long.MaxValue, 3, 9),
        new GenerationProtocol.TokenGenerated(s_id, 12, s_token),
        new GenerationProtocol.TokenGenerated(s_id, 12, new SampledToken(0, float.NaN, [])),
        new GenerationProtocol.Completed(s_id, CompletionReason.Length, new PrefillPlacement(2, [1, 0, 3], [7, 8], 1L << 40)),
        new GenerationProtocol.Completed(
            s_id, CompletionReason.Stop, new PrefillPlacement(2, [1, 0, 3], [7, 8], 1L << 40) { CachedTokens = 4096 }),
        new GenerationProtocol.Failed(s_id, FailureKind.ContextLengthExceeded, "prompt: expected …, found \U0001F600"),
        new EdgeProtocol.Poll(s_id, 300_000),
        new EdgeProtocol.Done(s_id),
        new EdgeProtocol.Ended(s_id, 12, new GenerationProtocol.Failed(s_id, FailureKind.Busy, "full")),
        new EdgeProtocol.Ended(s_id, 13, new GenerationProtocol.Completed(s_id, CompletionReason.Stop, PrefillPlacement.None)),
        new EdgeProtocol.Waiting(s_id, ""),
        new EdgeProtocol.Waiting(s_id, "1 of 2 ranks have no node"),
        new EdgeProtocol.Unknown(s_id),
        new NodeProtocol.Heartbeat(
            s_id, new NodeOffer("a", "10.0.0.1:4054", 2, 1L << 40, "2 × Zen 5", 85), s_facts,
            new NodeStatus(NodeState.Loading, [0, 3], 0.25, 7, "half"), [3], long.MaxValue, 99,
            new HashProtocol.Mark(UInt128.MaxValue - 7, s_id, 20_000)),
        HashProtocol.AskOwn.Instance,
        new HashProtocol.AskCarried(s_id, 300),
        new HashProtocol.Own("a", 77, [new WeightHash("lm_head.weight, rows 0 to 1023", UInt128.MaxValue), new WeightHash("x", 0)]),
        new HashProtocol.Table(s_id, 300, [new WeightHash("model.norm.weight", 1)]),
        new NodeProtocol.Assigned([0, 2], []),
        new NodeProtocol.Assigned([], [1]),
        new NodeProtocol.Refused("model: expected a, found b"),
        NodeProtocol.Outsider.Instance,
        new NodeProtocol.Closed(9, "a"),
        new NodeProtocol.Died("10.0.0.2:4053"),
        NodeProtocol.Locate.Instance,
        new NodeProtocol.Located(null, NodeStatus.New),
        NodeProtocol.AskClusterView.Instance,
        new NodeProtocol.ClusterView(3, "10.0.0.1:4053"),
        new NodeProtocol.Probe("10.0.0.1:4053", "10.0.0.1:4054"),
        new NodeProtocol.Probed(TimeSpan.FromMicroseconds(300), new DataLink(TimeSpan.FromMicroseconds(30), 2.5e9)),
        new NodeProtocol.Probed(TimeSpan.Zero, new DataLink(TimeSpan.Zero, 0, "connection refused")),
        CoordinatorProtocol.AskStatus.Instance,
        new CoordinatorProtocol.StatusTold(new ClusterStatus(
            "10.0.0.1:4053", new CoordinatorStatus(CoordinatorPhase.Serving, 7, 1, 2, 3, 1L << 40, 5, 6, 1L << 41, 8), 2,
            [
                new NodeReport(
                    new NodeOffer("a", "10.0.0.1:4054", 2, 1L << 40, "2 × Zen 5", 85), "10.0.0.1:4053",
                    new NodeStatus(NodeState.Serving, [0, 1], 1, 7), s_facts,
                    TimeSpan.FromSeconds(1), ""),
            ])),
        new RankProtocol.Open(new EpochTable(3, Guid.NewGuid(), [new RankPlace(0, "a", "h:1"), new RankPlace(1, "b", "")])),
        new RankProtocol.Resend(2, 9),
        new RankProtocol.Close(4, TimeSpan.FromMilliseconds(1234)),
        new RankProtocol.RunStep(new StepPlan(2, 9,
            [
                new StepRequest
                {
                    SequenceId = 4, Prefix = 0, Tokens = [1, 2, 3], IsDecode = false, Placement = new CpPlacement(PlacementKind.Split, 0),
                    NewBlocks = [5, 6], Start = new SequenceStart(3, s_sampling, true), Sample = true,
                },
                new StepRequest
                {
                    SequenceId = 5, Prefix = 2, Tokens = [3], IsDecode = false, Placement = new CpPlacement(PlacementKind.Replicated, 0),
                    NewBlocks = [5, 7], Start = new SequenceStart(3, s_sampling) { Seen = [1, 2] },
                },
                new StepRequest
                {
                    SequenceId = long.MaxValue, Prefix = 77, Tokens = [9], IsDecode = true,
                    Placement = new CpPlacement(PlacementKind.Dealt, 1), Sample = true,
                },
            ],
            [11, 12])),
        new RankProtocol.RunStep(new StepPlan(long.MaxValue, 1, [], [1])),
        new LogitsProtocol.Row(s_id, 7, [1.5f, float.NegativeInfinity, -0f]),
        new LogitsProtocol.RowTaken(s_id, 7),
        new LogitsProtocol.RowsEnded(s_id),
        new FragmentProtocol.Fragment(s_id, 3, 4, "submit/2", [1, 2, 255]),
        new RankProtocol.Opened(3, 1),
        new RankProtocol.OpenFailed(3, 1, "no memory"),
        new RankProtocol.StepAccepted(2, 9, 1),
        new RankProtocol.StepEnded(new StepResult(2, 9, 1,
            [new RequestSample(4, s_token), new RequestSample(5, null, s_fault)], null,
            new StepStats(8, 1L << 35, TimeSpan.FromTicks(12345)))),
        new RankProtocol.StepEnded(new StepResult(2, 9, 1, [], s_fault, default)),
        new RankProtocol.RankLost(2, 1, "a block threw"),
        new CoordinatorProtocol.Drain(TimeSpan.FromSeconds(30)),
    };

    private WireSerializer Serializer => (WireSerializer)_system.Serialization.FindSerializerForType(typeof(GenerationProtocol.Cancel));

    public void Dispose() => _system.Terminate().Wait(TimeSpan.FromSeconds(20));

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void Message_ComesBackEqual(object message)
    {
        Assert.IsType<WireSerializer>(_system.Serialization.FindSerializerFor(message));
        var bytes = Serializer.ToBinary(message);
        var back = Serializer.FromBinary(bytes, Serializer.Manifest(message));

        Assert.IsType(message.GetType(), back);
        Assert.Equivalent(message, back, strict: true);
        Assert.Equal(bytes, Serializer.ToBinary(back));
    }

    [Fact]
    public void EveryMessageType_IsAmongTheTests()
    {
        var tested = Messages.Select(row => row.Data.GetType()).Distinct().OrderBy(type => type.Name);
        // A request travels with its client's facts, inside HandIn.
        var known = typeof(IWireMessage).Assembly.GetTypes().Concat(typeof(IRequestMessage).Assembly.GetTypes())
            .Where(type => typeof(IWireMessage).IsAssignableFrom(type) || typeof(IRequestMessage).IsAssignableFrom(type))
            .Where(type => !type.IsInterface && type != typeof(GenerationProtocol.Submit)).OrderBy(type => type.Name);
        Assert.Equal(known, tested);
        Assert.Equal(known, WireSerializer.MessageTypes.OrderBy(type => type.Name));
    }

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void CutOrLengthenedMessage_IsRefused(object message)
    {
        var bytes = Serializer.ToBinary(message);
        var manifest = Serializer.Manifest(message);
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<SerializationException>(() => Serializer.FromBinary(bytes[..length], manifest));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([.. bytes, 0], manifest));
    }

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void DamagedMessage_IsReadOrRefusedButNeverAnythingElse(object message)
    {
        var bytes = Serializer.ToBinary(message);
        var manifest = Serializer.Manifest(message);
        for (var i = 0; i < bytes.Length; i++)
        {
            foreach (var damage in new byte[] { 0, 1, 0x7f, 0x80, 0xff })
            {
                var damaged = (byte[])bytes.Clone();
                damaged[i] = damage;
                var exception = Record.Exception(() => Serializer.FromBinary(damaged, manifest));
                Assert.True(exception is null or SerializationException, $"byte {i} = {damage}: {exception}");
            }
        }
    }

    [Fact]
    public void HugeCount_IsRefusedBeforeMemoryIsTaken()
    {
        var writer = new WireWriter();
        writer.Id(s_id);
        writer.Int(int.MaxValue);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SerializationException>(() => Serializer.FromBinary(writer.ToArray(), "submit/2"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void ActorsInMessages_ComeBackAsTheSame()
    {
        var node = _system.ActorOf(Props.Empty, "somebody");
        var located = new NodeProtocol.Located(node, NodeStatus.New);
        var back = (NodeProtocol.Located)Serializer.FromBinary(Serializer.ToBinary(located), Serializer.Manifest(located));
        Assert.Equal(node, back.Coordinator);
    }

    [Fact]
    public void UnknownManifestOrType_IsRefused()
    {
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([], "submitted/2"));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary(s_id.ToByteArray(), "token/9"));
        Assert.Throws<SerializationException>(() => Serializer.ToBinary("text"));
    }

    [Theory]
    [InlineData("submit/1")]
    [InlineData("submit/3")]
    [InlineData("pulse/1")]
    [InlineData("pulse/99")]
    public void RequestOrPulseOfAnotherVersion_IsReadAsFarAsItsId(string manifest)
    {
        Assert.Equal(new Foreign(manifest, s_id), Serializer.FromBinary([.. s_id.ToByteArray(), 1, 2, 3], manifest));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary(new byte[15], manifest));
    }

    [Fact]
    public void TypeThatIsNotBound_IsNotSerialized() =>
        Assert.ThrowsAny<Exception>(() => _system.Serialization.FindSerializerFor(new Unbound()).ToBinary(new Unbound()));

    private sealed record Unbound;
}
