using System.Text.Json;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Pipeline.Tests.Variants;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// Which collectives a step makes, on which groups, in which order and with how many bytes, beside the reference system's. Where the two
/// differ on purpose the test says so: rows travel unpadded; the hidden rows are not gathered behind the last layer, because the
/// rank that owns a request's last row computes its logits; several decode rows are dealt over the CP ranks instead of computed by each.
/// </summary>
public sealed class CommunicationTests : IDisposable
{
    private static readonly Dictionary<string, RankTopology> s_topologies = new()
    {
        ["pr_21685_tp4_moedp2_cp2"] = new(4, 2, 2, 1),
        ["tp4_moedp1_cp2_ep4"] = new(4, 2, 1, 4),
    };

    private readonly VariantModel _model = new(ModelVariant.All[0]);

    public static TheoryData<string> Topologies =>
        [.. CpVectors.Section("comm_plan").GetProperty("topologies").EnumerateArray().Select(t => t.GetProperty("name").GetString()!)];

    public void Dispose() => _model.Dispose();

    [Theory]
    [MemberData(nameof(Topologies))]
    public async Task PrefillLayer_MakesTheReferenceSystemsCallsInItsOrder(string name)
    {
        var plan = Vector(name);
        var (world, log) = NewWorld(s_topologies[name]);
        await using var _ = world;
        await StepAsync(world, new PlanScript.Share(1, Tokens(40), Sample: true));

        for (var rank = 0; rank < 4; rank++)
        {
            for (var layer = 0; layer < world.Config.NumHiddenLayers; layer++)
            {
                var calls = CallsOf(log, rank, layer);
                var expected = plan.GetProperty("prefill_layer").EnumerateArray()
                    .Where(call => call.GetProperty("group").GetString() != "local").ToList();
                Assert.Equal(expected.Count, calls.Count);
                foreach (var (vector, call) in expected.Zip(calls))
                    AssertCall(vector, call, world);
            }
        }

        // Behind the last layer: logits over ATTN_TP on the CP rank of the last row, and nothing over ATTN_CP.
        var last = log.Calls.Where(call => call.Tag.Kind == CollectiveKind.LogitsGather).ToList();
        var owner = world.Topology.GroupOf(GroupKind.AttnTp, 0).Ranks;
        Assert.Equal(owner, last.Select(call => call.Rank).Order());
        Assert.All(last, call => Assert.Equal(owner, call.Members));
        Assert.Equal(plan.GetProperty("moe_gather").GetBoolean(), log.Calls.Any(call => call.Tag.Kind == CollectiveKind.MoeGather));
    }

    [Fact]
    public async Task LoneDecodeRow_MakesTheReferenceSystemsTwoCalls()
    {
        const string Name = "pr_21685_tp4_moedp2_cp2";
        var (world, log) = NewWorld(s_topologies[Name]);
        await using var _ = world;
        await StepAsync(world, new PlanScript.Share(1, Tokens(40), Sample: true));
        var before = log.Calls.Count;
        await StepAsync(world, new PlanScript.Share(1, [5], IsDecode: true, Sample: true));

        var expected = Vector(Name).GetProperty("decode_layer").EnumerateArray().Select(call => call.GetString()!.Split(' ')).ToList();
        var decode = log.Calls.Skip(before).Where(call => call.Tag.Kind != CollectiveKind.LogitsGather).ToList();
        foreach (var calls in decode.GroupBy(call => (call.Rank, call.Tag.Layer)))
        {
            Assert.Equal(expected.Select(words => words[0]), calls.Select(call => call.Operation));
            var kinds = expected.Select(words => words[^1] == "MOE_TP" ? GroupKind.MoeTp : GroupKind.AttnTp);
            Assert.Equal(
                kinds.Select(kind => world.Topology.GroupOf(kind, calls.Key.Rank).Ranks), calls.Select(call => call.Members));
        }

        Assert.Equal(4 * world.Config.NumHiddenLayers * expected.Count, decode.Count);
    }

    // Upstream pads every rank to the longest; 41 tokens are 21 + 20 rows there twice 21.
    [Fact]
    public async Task UnevenRows_TravelUnpadded()
    {
        var (world, log) = NewWorld(s_topologies["tp4_moedp1_cp2_ep4"]);
        await using var _ = world;
        await StepAsync(world, new PlanScript.Share(1, Tokens(41)));
        foreach (var call in log.Calls.Where(call => call.Tag.Kind is CollectiveKind.KvGather or CollectiveKind.MoeGather))
            Assert.Equal((call.Members[0] == call.Rank ? 21 : 20, 41), (call.Send.Rows, call.Rows));
    }

    [Fact]
    public async Task MoeRows_AreGatheredWhenTheReferenceSystemGathersThem()
    {
        foreach (var vector in CpVectors.Section("moe_gather").GetProperty("gather_applies").EnumerateArray())
        {
            var (world, log) = NewWorld(vector.Int("moe_cp") == 1 ? new(4, 2, 2, 1) : new(4, 2, 1, 4));
            await using var _ = world;
            var before = 0;
            if (vector.GetProperty("mode").GetString() is "DECODE" or "MIXED")
            {
                await StepAsync(world, new PlanScript.Share(1, Tokens(24), Sample: true));
                before = log.Calls.Count;
            }

            await StepAsync(world, SharesOf(vector));
            var gathers = log.Calls.Skip(before).Any(call => call.Tag.Kind == CollectiveKind.MoeGather);
            Assert.True(vector.GetProperty("gather").GetBoolean() == gathers, vector.GetRawText());
            Assert.Empty(world.Leaks);
        }
    }

    // Here the reference system would have both CP ranks compute both rows; dealt out, they meet at the experts.
    [Fact]
    public async Task SeveralDecodeRows_AreDealtAndGathered()
    {
        var (world, log) = NewWorld(new(4, 2, 1, 4));
        await using var _ = world;
        await StepAsync(world, new(1, Tokens(24), Sample: true), new(2, Tokens(24), Sample: true));
        var before = log.Calls.Count;
        var plan = await StepAsync(world, new(1, [5], IsDecode: true, Sample: true), new(2, [6], IsDecode: true, Sample: true));

        Assert.All(plan.Requests, request => Assert.Equal(PlacementKind.Dealt, request.Placement.Kind));
        Assert.All(
            log.Calls.Skip(before).Where(call => call.Tag.Kind is CollectiveKind.KvGather or CollectiveKind.MoeGather),
            call => Assert.Equal((1, 2), (call.Send.Rows, call.Rows)));
        Assert.Equal(4 * world.Config.NumHiddenLayers, log.Calls.Skip(before).Count(call => call.Tag.Kind == CollectiveKind.KvGather));
    }

    [Fact]
    public void Formulas_GiveTheReferenceSystemsVolumes()
    {
        foreach (var vector in CpVectors.Cases("comm_volume"))
        {
            var (tokens, cp, attnTp) = (vector.Int("tokens"), vector.Int("cp"), vector.Int("attn_tp"));
            Assert.Equal(
                vector.GetProperty("kv_gather_recv_bytes_per_layer").GetDouble(), KvGatherBytes(tokens, cp, 4 / attnTp, 128, DType.BF16));
            Assert.Equal(
                vector.GetProperty("all_reduce_bytes_per_layer_two").GetDouble(), TwoAllReducesBytes(tokens / cp, 2048, attnTp));
        }
    }

    [Theory]
    [InlineData(4, 2, 2, DType.BF16)]
    [InlineData(4, 2, 2, DType.F32)]
    [InlineData(4, 1, 1, DType.BF16)]
    [InlineData(2, 2, 2, DType.BF16)]
    [InlineData(4, 4, 4, DType.BF16)]
    public async Task MeasuredVolumes_AreTheFormulas(int tp, int cp, int moeDp, DType kv)
    {
        var (world, log) = NewWorld(new(tp, cp, moeDp, 1), kv);
        await using var _ = world;
        var kvHeads = Math.Max(1, world.Config.NumKeyValueHeads / world.Topology.AttnTp);

        // The second chunk's prefix does not travel again.
        foreach (var tokens in new[] { 64, 32 })
        {
            var before = log.Calls.Count;
            var plan = world.Script.Next(new PlanScript.Share(1, Tokens(tokens)));
            var results = await world.StepAsync(plan);
            RankWorld.RequireNoFault(results);
            var calls = log.Calls.Skip(before).ToList();
            foreach (var result in results)
            {
                var own = calls.Where(call => call.Rank == result.Rank).ToList();
                var gathered = own.Where(call => call.Tag.Kind == CollectiveKind.KvGather).Sum(call => call.BytesReceived);
                Assert.Equal(world.Config.NumHiddenLayers * KvGatherBytes(tokens, cp, kvHeads, world.Config.HeadDim, kv), gathered);
                Assert.Equal(gathered, result.Stats.KvBytesGathered);

                // Sums are F32 here, for their bits; counted at two bytes an element as the reference system does.
                var reduced = own.Where(call => call.Operation == "all_reduce").Sum(call => call.RingBytesInBF16);
                var formula = TwoAllReducesBytes(tokens / cp, world.Config.HiddenSize, world.Topology.AttnTp);
                Assert.Equal(world.Config.NumHiddenLayers * formula, reduced);
            }
        }
    }

    private static double KvGatherBytes(int tokens, int cp, int kvHeads, int headDim, DType dtype) =>
        (double)tokens * (cp - 1) / cp * 2 * kvHeads * headDim * dtype.Bytes();

    private static double TwoAllReducesBytes(int rows, int hidden, int ranks) => 2 * (2.0 * (ranks - 1) / ranks * rows * hidden * 2);

    private static JsonElement Vector(string name) =>
        CpVectors.Section("comm_plan").GetProperty("topologies").EnumerateArray().Single(t => t.GetProperty("name").GetString() == name);

    private static void AssertCall(JsonElement vector, RecordedCall call, RankWorld world)
    {
        Assert.Contains(call.Operation, vector.GetProperty("op").GetString(), StringComparison.Ordinal);
        var groups = vector.GetProperty("groups").EnumerateArray()
            .Select(group => group.EnumerateArray().Select(rank => rank.GetInt32()).ToArray());
        Assert.Equal(groups.Single(group => group.Contains(call.Rank)), call.Members);
        if (vector.Has("payload"))
        {
            // 40 tokens are 20 rows on each of two CP ranks.
            var width = vector.GetProperty("payload").GetString() switch
            {
                "max_rank_len x (kH*Dk + vH*Dv)" => world.Config.NumKeyValueHeads / world.Topology.AttnTp * 2 * world.Config.HeadDim,
                "local rows x hidden" => world.Config.HiddenSize,
                var other => throw new NotSupportedException(other),
            };
            Assert.Equal((20, width), call.Send);
        }
    }

    private static List<RecordedCall> CallsOf(CollectiveLog log, int rank, int layer) =>
        [.. log.Calls.Where(call => call.Rank == rank && call.Tag.Layer == layer && call.Tag.Kind != CollectiveKind.LogitsGather)];

    /// <summary>The reference system's forward modes as steps of this engine; "metadata" is whether rows are split.</summary>
    private static PlanScript.Share[] SharesOf(JsonElement vector) =>
        (vector.GetProperty("mode").GetString(), vector.GetProperty("metadata").GetBoolean()) switch
        {
            ("EXTEND", true) => [new(2, Tokens(24))],
            ("EXTEND", false) => [new(2, Tokens(3))],
            ("MIXED", _) => [new(1, [5], IsDecode: true, Sample: true), new(2, Tokens(24))],
            ("DECODE", _) => [new(1, [5], IsDecode: true, Sample: true)],
            ("IDLE", _) => [],
            var other => throw new NotSupportedException($"{other}"),
        };

    private static System.Collections.Immutable.ImmutableArray<int> Tokens(int count) => [.. Enumerable.Range(0, count)];

    private static async Task<StepPlan> StepAsync(RankWorld world, params PlanScript.Share[] shares)
    {
        var plan = world.Script.Next(shares);
        RankWorld.RequireNoFault(await world.StepAsync(plan));
        return plan;
    }

    private (RankWorld World, CollectiveLog Log) NewWorld(RankTopology topology, DType kv = DType.F32)
    {
        var log = new CollectiveLog();
        var world = new RankWorld(_model.Directory, topology, DType.F32, new RankWorldOptions
        {
            KvDType = kv,
            Groups = (mesh, rank) => log.Groups(mesh, rank, topology),
        });
        return (world, log);
    }
}
