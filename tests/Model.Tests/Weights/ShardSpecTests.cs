using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

public class ShardSpecTests
{
    /// <summary>tp, attn_cp, moe_dp, ep; and query heads, since eight ranks need a model with more of them.</summary>
    public static TheoryData<int, int, int, int> Layouts => new()
    {
        { 1, 1, 1, 1 }, { 2, 2, 2, 1 }, { 2, 2, 1, 2 }, { 3, 3, 3, 1 }, { 4, 2, 2, 1 }, { 4, 2, 1, 4 },
        { 4, 4, 4, 1 }, { 4, 4, 1, 1 }, { 4, 1, 1, 4 }, { 2, 1, 1, 1 }, { 8, 4, 4, 1 },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void EveryElement_IsOnEachReplicaExactlyOnce(int tp, int attnCp, int moeDp, int ep)
    {
        var config = TestModel.Config(json =>
        {
            json["attention_bias"] = true;
            json["mlp_only_layers"] = new System.Text.Json.Nodes.JsonArray(1);
        });
        var (attnTp, moeTp) = (tp / attnCp, tp / ep / moeDp);
        var counts = TestModel.Tensors(config).ToDictionary(tensor => tensor.Name, tensor => new Coverage(tensor.Shape));

        foreach (var pieces in Enumerable.Range(0, attnTp).Select(rank => PiecesOf(config, new ShardSpec(attnTp, rank, 1, 0, 1, 0))))
            Cover(counts, pieces.Layers.SelectMany(layer => layer.Attention.All).Append(pieces.LmHead));

        foreach (var pieces in
            from e in Enumerable.Range(0, ep)
            from t in Enumerable.Range(0, moeTp)
            select PiecesOf(config, new ShardSpec(1, 0, moeTp, t, ep, e)))
        {
            Cover(counts, pieces.Layers.SelectMany(layer =>
                (IEnumerable<WeightPiece>)[.. layer.Moe?.GateUp ?? [], .. layer.Moe?.Down ?? [], .. layer.Mlp?.All ?? []]));
        }

        var kvCopies = Math.Max(1, attnTp / config.NumKeyValueHeads);
        foreach (var (name, coverage) in counts)
        {
            var expected = name switch
            {
                _ when name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("v_proj", StringComparison.Ordinal) => kvCopies,
                _ when name.Contains("q_norm", StringComparison.Ordinal) || name.Contains("k_norm", StringComparison.Ordinal) => attnTp,
                _ when name.Contains("proj", StringComparison.Ordinal) || name.StartsWith("lm_head", StringComparison.Ordinal) => 1,
                _ => 0,
            };
            Assert.True(Array.TrueForAll(coverage.Counts, count => count == expected), $"{name}: not {expected} everywhere");
        }
    }

    [Theory]
    [InlineData(1, 8, 2)]
    [InlineData(2, 8, 2)]
    [InlineData(4, 8, 2)]
    [InlineData(8, 8, 2)]
    [InlineData(3, 12, 3)]
    [InlineData(8, 32, 4)]
    public void EveryQueryHead_FindsItsKeyHeadOnItsOwnRank(int attnTp, int heads, int kvHeads)
    {
        var config = TestModel.Config(json =>
        {
            json["num_attention_heads"] = heads;
            json["num_key_value_heads"] = kvHeads;
        });

        for (var rank = 0; rank < attnTp; rank++)
        {
            var shard = new ShardSpec(attnTp, rank, 1, 0, 1, 0);
            Assert.Empty(shard.Problems(config));
            for (var local = 0; local < shard.NumHeads(config); local++)
            {
                var wanted = ((rank * shard.NumHeads(config)) + local) / (heads / kvHeads);
                var found = shard.FirstKvHead(config) + (local / (shard.NumHeads(config) / shard.NumKvHeads(config)));
                Assert.Equal(wanted, found);
            }
        }
    }

    [Fact]
    public void SplitOfOneExpert_IsTheSameInGateUpAndDown()
    {
        var pieces = PiecesOf(TestModel.Config(), new ShardSpec(1, 0, 3, 1, 4, 2));
        var moe = pieces.Layers[0].Moe!;

        Assert.Equal(4, moe.FirstExpert);
        Assert.Equal(
            ["model.layers.0.mlp.experts.5.gate_proj.weight[16+16,0+64]", "model.layers.0.mlp.experts.5.up_proj.weight[16+16,0+64]"],
            moe.GateUp[1].Slices.Select(slice => slice.ToString()));
        Assert.Equal("model.layers.0.mlp.experts.5.down_proj.weight[0+64,16+16]", moe.Down[1].Slices.Single().ToString());
        Assert.Equal((DType.F32, 8), (moe.Router.DType, moe.Router.Rows));
    }

    [Fact]
    public void VocabRemainder_GoesToTheFirstRanks()
    {
        var config = TestModel.Config();

        Assert.Equal([(0, 10), (10, 9), (19, 9), (28, 9)],
            Enumerable.Range(0, 4).Select(rank => new ShardSpec(4, rank, 1, 0, 1, 0).VocabRows(config)));
    }

    [Fact]
    public void OutputBias_IsOnTheFirstRankOnly()
    {
        var config = TestModel.Config(json => json["attention_bias"] = true);

        Assert.NotNull(AttentionOf(config, new ShardSpec(2, 0, 1, 0, 1, 0)).OBias);
        Assert.Null(AttentionOf(config, new ShardSpec(2, 1, 1, 0, 1, 0)).OBias);
        Assert.NotNull(AttentionOf(config, new ShardSpec(2, 1, 1, 0, 1, 0)).QBias);
    }

    [Fact]
    public void LayoutThatDoesNotFit_IsRefusedWithAllReasons()
    {
        var config = TestModel.Config(json => json["mlp_only_layers"] = new System.Text.Json.Nodes.JsonArray(1));

        var error = Assert.Throws<ModelConfigException>(() => PiecesOf(config, new ShardSpec(3, 0, 5, 0, 7, 0)));

        Assert.Equal(5, error.Reasons.Count);
        Assert.Contains("num_attention_heads (4) must be a multiple of attn_tp (3)", error.Reasons);
        Assert.Contains("num_key_value_heads (2) must be a multiple or a divisor of attn_tp (3)", error.Reasons);
        Assert.Contains("num_experts (8) must be a multiple of moe_ep (7)", error.Reasons);
        Assert.Contains("moe_intermediate_size (48) must be a multiple of moe_tp (5)", error.Reasons);
        Assert.Contains("intermediate_size (192) must be a multiple of moe_ep · moe_tp (35)", error.Reasons);
        Assert.Equal(3, new ShardSpec(0, 0, 2, 2, 1, -1).Problems(config).Count);
    }

    [Fact]
    public void EstimateOfTheLargeModel_EqualsTheFormula()
    {
        var config = TestModel.Config(json =>
        {
            foreach (var (key, value)
                in (IEnumerable<(string, int)>)[("hidden_size", 2048), ("num_hidden_layers", 48), ("num_attention_heads", 32),
                ("num_key_value_heads", 4), ("head_dim", 128), ("num_experts", 128), ("num_experts_per_tok", 8),
                ("moe_intermediate_size", 768), ("vocab_size", 151936)])
            {
                json[key] = value;
            }
        });
        const long Layer = (2L * 4096 * 2048) + (2L * 512 * 2048) + (128L * 3 * 768 * 2048);
        const long Vectors = (48 * ((2 * 2048) + 256)) + 2048L;

        var bytes = WeightBytes.Estimate(config, ShardSpec.Whole, DType.BF16);

        Assert.Equal((2 * ((48 * Layer) + (2L * 151936 * 2048))) + (4 * Vectors) + (4L * 48 * 128 * 2048), bytes);
    }

    private static GroupedQueryPieces AttentionOf(ModelConfig config, ShardSpec shard) =>
        Assert.IsType<GroupedQueryPieces>(PiecesOf(config, shard).Layers[0].Attention);

    private static ShardPieces PiecesOf(ModelConfig config, ShardSpec shard) => ShardPieces.Create(config, shard, DType.BF16);

    private static void Cover(Dictionary<string, Coverage> counts, IEnumerable<WeightPiece> pieces)
    {
        foreach (var slice in pieces.SelectMany(piece => piece.Slices))
            counts[slice.Tensor].Add(slice);
    }

    private sealed class Coverage(IReadOnlyList<long> shape)
    {
        private readonly int _columns = (int)shape[^1];

        public int[] Counts { get; } = new int[shape.Aggregate(1L, (a, b) => a * b)];

        public void Add(TensorSlice slice)
        {
            for (var row = slice.FirstRow; row < slice.FirstRow + slice.RowCount; row++)
            {
                for (var column = slice.FirstColumn; column < slice.FirstColumn + slice.ColumnCount; column++)
                    Counts[(row * _columns) + column]++;
            }
        }
    }
}
