using System.Text.Json;
using AkkaCp.Collectives.Topology;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Tests.Running;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests;

/// <summary>Every part of the reference system's vectors is either read by a test or left out for a reason written here.</summary>
public sealed class CpVectorCoverageTests
{
    private const string Attention = "tests/Npu.Tests/Attention/";
    private const string Collectives = "tests/Collectives.Tests/";
    private const string Pipeline = "tests/Pipeline.Tests/";

    /// <summary>Part of the file (section.list) and the test that reads it.</summary>
    private static readonly Dictionary<string, string> s_tested = new()
    {
        ["zigzag.cases"] = Pipeline + "Partition/ZigzagVectorTests.cs",
        ["zigzag_load_balance.cases"] = Pipeline + "Partition/ZigzagVectorTests.cs",
        ["can_apply.cases"] = Pipeline + "Partition/CpPolicyTests.cs",
        ["padding.cases"] = Pipeline + "Partition/ZigzagVectorTests.cs",
        ["padding.fia_pad_rule"] = Attention + "ContextParallelAttentionTests.cs",
        ["groups.cases"] = Collectives + "Topology/RankTopologyTests.cs",
        ["server_args.cases"] = Collectives + "Topology/RankTopologyTests.cs",
        ["moe_gather.cases"] = Pipeline + "Partition/StepRowsTests.cs",
        ["moe_gather.gather_applies"] = Pipeline + "Running/CommunicationTests.cs",
        ["fia_semantics.cases"] = Attention + "AttentionVectorTests.cs",
        ["fia_numeric.cases"] = Attention + "AttentionVectorTests.cs",
        ["fia_errors.cases"] = Attention + "AttentionErrorTests.cs",
        ["cp_attention_end_to_end.cases"] = Attention + "ContextParallelAttentionTests.cs",
        ["comm_plan.topologies"] = Pipeline + "Running/CommunicationTests.cs",
        ["comm_volume.cases"] = Pipeline + "Running/CommunicationTests.cs",
        ["e2e.cases"] = Pipeline + "CpVectorCoverageTests.cs",
    };

    /// <summary>Part of the file and why this engine has no counterpart.</summary>
    private static readonly Dictionary<string, string> s_excused = new()
    {
        ["interleave.cases"] = "The split of sparse-attention backends; this engine splits by zigzag alone.",
        ["padded_equal_chunk_variant_vllm_ascend.cases"] =
            "Another system's partition with pad rows; here blocks are uneven and nothing is padded.",
        ["padding.bcg_bucket"] = "Buckets of captured device graphs; nothing is captured here. Its row counts are tested below.",
        ["pd_page_slices.cases"] = "Prefill and decode run in one group of ranks; no pages move between two.",
        ["pd_rank_mapping.cases"] = "As above.",
        ["pd_rank_mapping.checks"] = "As above.",
    };

    [Fact]
    public void EveryPart_IsTestedOrExcused()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.CpVectors));
        var parts = document.RootElement.EnumerateObject()
            .Where(section => section.Value.ValueKind == JsonValueKind.Object)
            .SelectMany(section => section.Value.EnumerateObject()
                .Where(part => part.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                .Select(part => $"{section.Name}.{part.Name}"))
            .Order().ToList();

        Assert.Equal(parts, s_tested.Keys.Concat(s_excused.Keys).Order());
    }

    [Fact]
    public void TestsNamedHere_ReadTheirPart()
    {
        foreach (var (part, file) in s_tested)
        {
            var source = File.ReadAllText(Path.Combine(RepositoryFiles.Root, file));
            var (section, list) = (part.Split('.')[0], part.Split('.')[1]);
            Assert.True(
                source.Contains($"(\"{section}\"", StringComparison.Ordinal)
                && (list == "cases" || source.Contains($".GetProperty(\"{list}\")", StringComparison.Ordinal)),
                $"{file} does not read {part}");
        }
    }

    [Fact]
    public void RowsOfAnUnevenBatch_AreTheReferenceSystems()
    {
        var vector = CpVectors.Section("padding").GetProperty("bcg_bucket");
        var requests = vector.Ints("lens")!.Select(length => new RequestLength(length, 0, false)).ToArray();
        var step = StepRows.Create(
            requests, [.. requests.Select(_ => new CpPlacement(PlacementKind.Split, 0))], vector.Int("cp_size"));
        Assert.Equal(vector.Ints("per_rank"), step.GatheredRowsPerRank);
    }

    // Accuracy is asked of the shipped model, through the engine's own evaluation. The other two cases need what is not here: an MLA
    // model on separate prefill and decode servers, and a model that answers questions about a long text.
    [Fact]
    public void EndToEndCaseOfQwen3_RunsAtItsLayoutInThePipelineTests()
    {
        var cases = CpVectors.Cases("e2e");
        Assert.Equal(
            ["pr_21685_colocated", "pd_mla_deepseek_v2_lite", "moe_dp_needle"], cases.Select(c => c.GetProperty("name").GetString()));
        var layout = new RankTopology(cases[0].Int("tp"), cases[0].Int("attn_cp"), cases[0].Int("moe_dp"));
        Assert.Empty(layout.RunnableProblems());
        Assert.Contains(layout, Layouts.All);
    }
}
