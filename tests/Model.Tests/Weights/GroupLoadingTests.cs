using System.Collections.Concurrent;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf.Encoders;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

/// <summary>Quantised matrices in memory: those that keep their codes and scales, those that cannot, and what all of them hold.</summary>
public sealed class GroupLoadingTests : IDisposable
{
    private readonly PlainDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("q8_0.gguf")]
    [InlineData("mixed.gguf")]
    [InlineData("dense-q4_k_m.gguf")]
    [InlineData("split-00001-of-00003.gguf")]
    public void Loaded_HoldTheFilesValuesAndHashes(string file)
    {
        var types = TypesOf(file);
        using var packed = Load(file, ShardSpec.Whole, types);
        using var floats = Load(file, ShardSpec.Whole, DType.F32);

        var found = MatricesOf(packed).ToList();
        Assert.Contains(found, matrix => GroupFormat.Of(matrix.DType) is not null);
        Assert.Equal(MatricesOf(floats).SelectMany(matrix => matrix.Values), found.SelectMany(matrix => matrix.Values));
        Assert.Equal(floats.Hashes, packed.Hashes);
        Assert.Equal(WeightBytes.Estimate(packed.Config, ShardSpec.Whole, types), packed.Bytes);
        Assert.True(packed.Bytes < floats.Bytes);
        Assert.Equal(DType.F32, packed.Embedding.View.DType);
        Assert.All(packed.Layers, layer => Assert.Equal(DType.F32, layer.Moe?.Router.DType ?? DType.F32));
    }

    [Fact]
    public void KeysAndValues_AreOneMatrixWhereTheyHaveOneType()
    {
        using var weights = Load("q4_k_m.gguf", ShardSpec.Whole, TypesOf("q4_k_m.gguf"));

        Assert.Contains([DType.Q4K, DType.Q6K], weights.Layers.Select(KvTypes));
        Assert.All(weights.Layers, layer => Assert.Equal(128 * 2, AttentionOf(layer).Kv.Sum(matrix => matrix.N)));
        using var floats = Load("q4_k_m.gguf", ShardSpec.Whole, DType.BF16);
        Assert.All(floats.Layers, layer => Assert.Equal([DType.BF16], KvTypes(layer)));
        using var equal = Load("q8_0.gguf", ShardSpec.Whole, TypesOf("q8_0.gguf"));
        Assert.All(equal.Layers, layer => Assert.Equal([DType.Q8], KvTypes(layer)));
    }

    [Fact]
    public void CutAcrossInputs_KeepsGroupsBetweenBlocksOnly()
    {
        var shard = new ShardSpec(2, 1, 2, 1, 1, 0);
        using var large = Load("q4_k_m.gguf", shard, TypesOf("q4_k_m.gguf"));
        using var floats = Load("q4_k_m.gguf", shard, DType.F32);
        using var small = Load("q8_0.gguf", shard, TypesOf("q8_0.gguf"));

        Assert.Equal(DType.F32, AttentionOf(large.Layers[0]).O.DType);
        Assert.Equal(DType.F32, large.Layers[0].Moe!.Down[0].DType);
        Assert.Equal(DType.Q4K, AttentionOf(large.Layers[0]).Q.DType);
        Assert.Equal(DType.Q4K, large.Layers[0].Moe!.GateUp[0].DType);
        Assert.Equal(MatricesOf(floats).SelectMany(matrix => matrix.Values), MatricesOf(large).SelectMany(matrix => matrix.Values));
        Assert.Equal(DType.Q8, AttentionOf(small.Layers[0]).O.DType);
        Assert.Equal(DType.Q8, small.Layers[0].Moe!.Down[0].DType);
    }

    [Fact]
    public void GateAndUpOfTwoTypes_AreFloats()
    {
        using var weights = Load("mixed.gguf", ShardSpec.Whole, TypesOf("mixed.gguf", DType.BF16));

        Assert.All(weights.Layers, layer => Assert.Equal(DType.BF16, layer.Moe!.GateUp[0].DType));
        Assert.Contains(weights.Layers, layer => layer.Moe!.Down[0].DType == DType.Q4K);
    }

    [Fact]
    public void RanksOfAProcess_ShareEqualPiecesOfGroups()
    {
        var (types, store) = (TypesOf("q4_k_m.gguf"), new WeightStore());
        var config = ConfigOf("q4_k_m.gguf");
        var shards = Enumerable.Range(0, 2).Select(rank => new ShardSpec(2, rank, 1, 0, 2, rank)).ToList();
        using var first = Load("q4_k_m.gguf", shards[0], types, store);
        using var second = Load("q4_k_m.gguf", shards[1], types, store);

        Assert.Equal(WeightBytes.EstimateShared(config, shards, types), store.Bytes);
        Assert.NotEqual(first.Bytes + second.Bytes, store.Bytes);
    }

    [Fact]
    public void Progress_EndsAtAllBytes()
    {
        var reports = new ConcurrentQueue<LoadProgress>();
        var types = TypesOf("q4_k_m.gguf");
        var path = GgufModels.PathOf("q4_k_m.gguf");
        using var weights = ModelLoader.Load(
            path, ConfigOf("q4_k_m.gguf"), ShardSpec.Whole, _device, types, new WeightStore(), new Reports(reports.Enqueue));

        Assert.Equal(weights.Bytes, reports.Last().BytesTotal);
        Assert.Equal(weights.Bytes, reports.Last().BytesDone);
    }

    [Fact]
    public void FileThatBecameAnother_IsRefusedByTensor()
    {
        var error = Assert.Throws<ModelFormatException>(() => Load("q8_0.gguf", ShardSpec.Whole, TypesOf("q4_k_m.gguf")));

        Assert.Contains("expected blocks of Q6K, as it had before, found Q8_0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Int4_HoldsTheValuesOfQ4_0_WhateverTheFileHas()
    {
        using var packed = Load("q8_0.gguf", ShardSpec.Whole, DType.Q4);
        using var floats = Load("q8_0.gguf", ShardSpec.Whole, DType.F32);
        using var asStored = Load("q4_0.gguf", ShardSpec.Whole, DType.Q4);

        var found = MatricesOf(packed).Where(matrix => matrix.DType == DType.Q4).ToList();
        Assert.Equal(MatricesOf(packed).Count() - packed.Layers.Count(layer => layer.Moe is not null), found.Count);
        Assert.Equal(
            MatricesOf(floats).Where(matrix => !packed.Layers.Any(layer => layer.Moe?.Router.N == matrix.N))
                .SelectMany(matrix => Rounded(matrix.Values)),
            found.SelectMany(matrix => matrix.Values));
        Assert.Equal(floats.Hashes, packed.Hashes);
        Assert.Equal(DType.BF16, packed.Embedding.View.DType);
        using var own = Load("q4_0.gguf", ShardSpec.Whole, TypesOf("q4_0.gguf"));
        Assert.Equal(
            ((PlainMatrix)AttentionOf(own.Layers[0]).Q).Values, ((PlainMatrix)AttentionOf(asStored.Layers[0]).Q).Values);
    }

    [Fact]
    public void Types_AreSaidInWords()
    {
        Assert.Equal("q:i32-g, others BF16", $"{TypesOf("q4_k_m.gguf", DType.BF16)}");
        Assert.Equal("BF16", $"{MatrixTypes.All(DType.BF16)}");
        using var tiny = WeightFiles.Open(RepositoryFiles.TinyModel("f32"));
        Assert.Equal("F32", $"{MatrixTypes.OfFiles(tiny, DType.F32)}");
    }

    [Fact]
    public void Forms_SayWhatIsPackedAndWhyTheOthersAreNot()
    {
        var whole = FormsOf("mixed.gguf", ShardSpec.Whole, TypesOf("mixed.gguf", DType.BF16));
        Assert.Contains(("Q4_1", DType.Q4M, null, "self_attn.q_proj"), whole);
        Assert.Contains(("Q5_0", DType.Q5, null, "self_attn.k_proj"), whole);
        Assert.Contains(("Q6_K", DType.BF16, "a table that rows are taken from", "embed_tokens"), whole);
        Assert.Contains(("Q6_K", DType.Q6K, null, "embed_tokens"), whole);
        Assert.Contains(("Q5_1", DType.Q5M, null, "self_attn.v_proj"), whole);
        Assert.Contains(("Q4_0", DType.BF16, "gate and up are of different types", "mlp.experts.gate_proj"), whole);
        Assert.DoesNotContain(whole, form => form.Stored is "F16" or "BF16" or "F32");

        var cut = FormsOf("dense-q4_k_m.gguf", new ShardSpec(2, 0, 2, 0, 1, 0), TypesOf("dense-q4_k_m.gguf"));
        Assert.Contains(("Q4_K", DType.F32, "TP cuts its blocks", "self_attn.o_proj"), cut);
        Assert.Contains(("Q4_K", DType.F32, "asked for", "self_attn.q_proj"), FormsOf("q4_k_m.gguf", ShardSpec.Whole, DType.F32));
    }

    private static List<(string Stored, DType InMemory, string? Reason, string Place)> FormsOf(
        string file, ShardSpec shard, MatrixTypes types)
    {
        using var files = WeightFiles.Open(GgufModels.PathOf(file));
        var forms = WeightForms.Of(files, ConfigOf(file), [shard], types);
        var floats = ShardPieces.Create(ConfigOf(file), shard, types).All.Where(
            piece => piece.Slices.All(slice => !files.Find(slice.Tensor)!.IsQuantised)).DistinctBy(piece => piece.Key);
        Assert.Equal(
            WeightBytes.Estimate(ConfigOf(file), shard, types), forms.Sum(form => form.Bytes) + floats.Sum(piece => piece.Bytes), 64.0);
        return [.. forms.SelectMany(form => form.Places.Select(place => (form.Stored, form.InMemory, form.Reason, place)))];
    }

    private static float[] Rounded(float[] values)
    {
        var type = EncodedTypes.Q4_0.Type;
        var (blocks, rounded) = (new byte[type.Stored.BytesOf(0, values.Length)], new float[values.Length]);
        EncodedTypes.Q4_0.Encode(values, blocks);
        type.Decode(blocks, rounded);
        return rounded;
    }

    private ModelWeights Load(string file, ShardSpec shard, MatrixTypes types, WeightStore? store = null) =>
        ModelLoader.Load(GgufModels.PathOf(file), ConfigOf(file), shard, _device, types, store ?? new WeightStore());

    private static ModelConfig ConfigOf(string file) => ModelConfig.Load(ModelFiles.Of(GgufModels.PathOf(file)));

    private static MatrixTypes TypesOf(string file, DType others = DType.F32)
    {
        using var files = WeightFiles.Open(GgufModels.PathOf(file));
        return MatrixTypes.OfFiles(files, others);
    }

    private static GroupedQueryWeights AttentionOf(LayerWeights layer) => Assert.IsType<GroupedQueryWeights>(layer.Attention);

    private static IEnumerable<DType> KvTypes(LayerWeights layer) => AttentionOf(layer).Kv.Select(matrix => matrix.DType);

    private static IEnumerable<PlainMatrix> MatricesOf(ModelWeights weights) => weights.Layers.SelectMany(layer =>
        {
            var attention = AttentionOf(layer);
            PackedMatrix[] feedForward = layer.Moe is { } moe
                ? [moe.Router, .. moe.GateUp, .. moe.Down] : [layer.Mlp!.GateUp, layer.Mlp.Down];
            return (PackedMatrix[])[attention.Q, .. attention.Kv, attention.O, .. feedForward];
        })
        .Append(weights.LmHead).Cast<PlainMatrix>();

    private sealed class Reports(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
