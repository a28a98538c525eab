using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Weights;

public sealed class ModelLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly WeightStore _store = new();
    private readonly PlainDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void TinyModel_LoadsWithTheFilesValues(string dtype)
    {
        var directory = RepositoryFiles.TinyModel(dtype);
        using var weights = ModelLoader.Load(directory, ModelConfig.Load(directory), ShardSpec.Whole, _device, DType.F32, _store);
        using var file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));

        Assert.Equal(4, weights.Layers.Count);
        Assert.Equal(Whole(file, "model.embed_tokens.weight"), weights.Embedding.View.ReadFloats());
        Assert.Equal(Whole(file, "lm_head.weight"), Values(weights.LmHead));
        Assert.Equal(Whole(file, "model.norm.weight"), weights.FinalNorm.View.ReadFloats());
        var layer = weights.Layers[3];
        Assert.Equal(Whole(file, "model.layers.3.self_attn.q_proj.weight"), Values(AttentionOf(layer).Q));
        Assert.Equal(
            (float[])[.. Whole(file, "model.layers.3.self_attn.k_proj.weight"), .. Whole(file, "model.layers.3.self_attn.v_proj.weight")],
            Values(Assert.Single(AttentionOf(layer).Kv)));
        Assert.Equal(Whole(file, "model.layers.3.self_attn.q_norm.weight"), AttentionOf(layer).QNorm.View.ReadFloats());
        Assert.Equal((float[])[.. Whole(file, "model.layers.3.mlp.experts.7.gate_proj.weight"),
            .. Whole(file, "model.layers.3.mlp.experts.7.up_proj.weight")],
            Values(layer.Moe!.GateUp[7]));
        Assert.Equal(Whole(file, "model.layers.3.mlp.experts.7.down_proj.weight"), Values(layer.Moe.Down[7]));
        Assert.Equal(Whole(file, "model.layers.3.mlp.gate.weight"), Values(layer.Moe.Router));
        Assert.Null(layer.Mlp);
        Assert.Equal(WeightBytes.Estimate(weights.Config, ShardSpec.Whole, DType.F32), weights.Bytes);
        Assert.Equal(weights.Bytes, _store.Bytes);
    }

    [Fact]
    public void Int8_IsTheTypeOfMatrices_NotOfEmbeddingNormsAndRouters()
    {
        var directory = RepositoryFiles.TinyModel("bf16");
        using var weights = ModelLoader.Load(directory, ModelConfig.Load(directory), ShardSpec.Whole, _device, DType.I8, _store);

        var layer = weights.Layers[0];
        Assert.All<PackedMatrix>(
            [weights.LmHead, AttentionOf(layer).Q, .. AttentionOf(layer).Kv, AttentionOf(layer).O, .. layer.Moe!.GateUp, .. layer.Moe.Down],
            matrix => Assert.Equal(DType.I8, matrix.DType));
        Assert.Equal(DType.F32, layer.Moe.Router.DType);
        Assert.Equal((DType.BF16, DType.F32, DType.F32),
            (weights.Embedding.View.DType, weights.FinalNorm.View.DType, layer.InputNorm.View.DType));
        Assert.Equal(WeightBytes.Estimate(weights.Config, ShardSpec.Whole, DType.I8), weights.Bytes);
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void Int8OnADevice_GetsWholeRows_HoweverTheyAreRead(string dtype)
    {
        var directory = RepositoryFiles.TinyModel(dtype);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        using var weights = ModelLoader.Load(
            directory, ModelConfig.Load(directory), new ShardSpec(2, 1, 2, 0, 1, 0), device, DType.I8, _store);
        using var file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));
        var (n, k) = (64, 128);
        var slice = Columns(Whole(file, "model.layers.0.self_attn.o_proj.weight"), k, k / 2, k / 2);
        using var expected = device.CreateMatrix(n, k / 2, DType.I8);
        expected.Pack(0, slice);

        Assert.Equal(Product(device, expected), Product(device, AttentionOf(weights.Layers[0]).O));
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void BF16OnADevice_HasTheFilesValues_RowsAndColumns(string dtype)
    {
        var directory = RepositoryFiles.TinyModel(dtype);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        using var weights = ModelLoader.Load(
            directory, ModelConfig.Load(directory), new ShardSpec(2, 1, 2, 0, 1, 0), device, DType.BF16, _store);
        using var file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));
        var (n, k) = (64, 128);
        using var columns = device.CreateMatrix(n, k / 2, DType.BF16);
        columns.Pack(0, Columns(Whole(file, "model.layers.0.self_attn.o_proj.weight"), k, k / 2, k / 2));
        using var rows = device.CreateMatrix(k / 2, n, DType.BF16);
        rows.Pack(0, Whole(file, "model.layers.0.self_attn.q_proj.weight").AsSpan(n * k / 2));
        using var embedding = device.Memory.Rent(DType.BF16, weights.Embedding.View.Rows, n);
        using var wide = device.Memory.Rent(DType.F32, weights.Embedding.View.Rows, n);
        wide.View.Write(Whole(file, "model.embed_tokens.weight"));
        device.Cast(wide, embedding);

        Assert.Equal(Product(device, columns), Product(device, AttentionOf(weights.Layers[0]).O));
        Assert.Equal(Product(device, rows), Product(device, AttentionOf(weights.Layers[0]).Q));
        Assert.Equal(embedding.View.ReadBytes(), weights.Embedding.View.ReadBytes());
    }

    private static float[] Product(CpuDevice device, PackedMatrix matrix)
    {
        using var x = device.Memory.Rent(DType.F32, 1, matrix.K);
        using var y = device.Memory.Rent(DType.F32, 1, matrix.N);
        x.View.Write(new Rng(5).Floats(matrix.K));
        device.MatMul(x, matrix, null, y);
        return y.View.ReadFloats();
    }

    [Fact]
    public void ShardWithBiasDenseLayerAndTiedHead_HoldsItsParts()
    {
        var config = TestModel.Config(json =>
        {
            json["attention_bias"] = true;
            json["tie_word_embeddings"] = true;
            json["mlp_only_layers"] = new JsonArray(1);
        });
        TestModel.Write(_folder.Path, config);
        Assert.DoesNotContain(TestModel.Tensors(config), tensor => tensor.Name == "lm_head.weight");

        using var weights = ModelLoader.Load(_folder.Path, config, new ShardSpec(2, 1, 2, 1, 2, 0), _device, DType.BF16, _store);

        var embedding = TestModel.Values("model.embed_tokens.weight", 37 * 64);
        Assert.Equal((19, 18), (weights.VocabStart, weights.VocabCount));
        Assert.Equal(embedding[(19 * 64)..], Values(weights.LmHead));
        Assert.Equal(embedding.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).Skip(64).Take(64),
            weights.Embedding.View.Slice(1, 1).ReadBF16());
        var attention = AttentionOf(weights.Layers[1]);
        Assert.Equal((2, 1), (attention.NumHeads, attention.NumKvHeads));
        Assert.Equal(TestModel.Values("model.layers.1.self_attn.q_proj.bias", 128)[64..], attention.QBias!.Value.View.ReadFloats());
        Assert.Equal((float[])[.. TestModel.Values("model.layers.1.self_attn.k_proj.bias", 64)[32..],
            .. TestModel.Values("model.layers.1.self_attn.v_proj.bias", 64)[32..]],
            attention.KvBias!.Value.View.ReadFloats());
        Assert.Null(attention.OBias);
        Assert.Equal(Columns(TestModel.Values("model.layers.1.self_attn.o_proj.weight", 64 * 128), 128, 64, 64), Values(attention.O));
        var mlp = weights.Layers[1].Mlp!;
        Assert.Equal(
            TestModel.Values("model.layers.1.mlp.gate_proj.weight", 192 * 64)[(48 * 64)..(96 * 64)], Values(mlp.GateUp)[..(48 * 64)]);
        Assert.Equal(Columns(TestModel.Values("model.layers.1.mlp.down_proj.weight", 64 * 192), 192, 48, 48), Values(mlp.Down));
        Assert.Equal(DType.F32, weights.Layers[0].Moe!.Router.DType);
        Assert.Equal(DType.BF16, weights.Layers[0].Moe!.Down[0].DType);
        Assert.Equal(4, weights.Layers[0].Moe!.Down.Length);
    }

    [Fact]
    public void FourRanksOfTheReferenceLayout_HoldEachPieceOnce()
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config);
        var live = new PlainDevice.Counter();
        ShardSpec[] shards = [new(2, 0, 2, 0, 1, 0), new(2, 1, 2, 1, 1, 0), new(2, 0, 2, 0, 1, 0), new(2, 1, 2, 1, 1, 0)];
        var ranks = new ModelWeights[4];
        var pools = new TensorPool[4];

        Parallel.For(0, 4, rank =>
        {
            using var device = new PlainDevice { Live = live };
            pools[rank] = device.Memory;
            ranks[rank] = ModelLoader.Load(_folder.Path, config, shards[rank], device, DType.F32, _store);
        });

        Assert.Equal(WeightBytes.EstimateShared(config, shards, DType.F32), _store.Bytes);
        Assert.True(_store.Bytes < ranks[0].Bytes + ranks[1].Bytes);
        Assert.Same(AttentionOf(ranks[0].Layers[0]).Q, AttentionOf(ranks[2].Layers[0]).Q);
        Assert.NotSame(AttentionOf(ranks[0].Layers[0]).Q, AttentionOf(ranks[1].Layers[0]).Q);
        Assert.Equal(ranks[0].Embedding, ranks[1].Embedding);
        Assert.Same(ranks[0].Layers[1].Moe!.Router, ranks[3].Layers[1].Moe!.Router);

        ranks[0].Dispose();
        ranks[0].Dispose();
        ranks[1].Dispose();
        Assert.Equal(WeightBytes.EstimateShared(config, shards, DType.F32), _store.Bytes);
        Assert.Equal(TestModel.Values("model.norm.weight", 64), ranks[2].FinalNorm.View.ReadFloats());
        ranks[2].Dispose();
        ranks[3].Dispose();
        Assert.Equal((0L, 0, 0, 0), (_store.Bytes, _store.Count, pools.Sum(pool => pool.LiveTensors), live.Value));
    }

    [Fact]
    public void MissingTensor_IsNamedWithFileAndShape()
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config, entry => entry.Name == "model.layers.1.mlp.experts.3.up_proj.weight" ? null : entry);

        var error = Assert.Throws<ModelFormatException>(() => Load(config));

        Assert.Equal(_folder.File("model.safetensors"), error.File);
        Assert.Equal("model.layers.1.mlp.experts.3.up_proj.weight", error.Where);
        Assert.Contains("[48, 64]", error.Expected, StringComparison.Ordinal);
        Assert.Equal(0, _store.Count);
    }

    [Theory]
    [InlineData(SafetensorsDType.F32, new long[] { 65 }, "shape [64]", "shape [65]")]
    [InlineData(SafetensorsDType.F32, new long[] { 1, 64 }, "shape [64]", "shape [1, 64]")]
    [InlineData(SafetensorsDType.F8_E4M3, new long[] { 64 }, "dtype F32, F16 or BF16", "F8_E4M3")]
    public void TensorOfAnotherShapeOrType_IsRefused(SafetensorsDType dtype, long[] shape, string expected, string found)
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config, entry => entry.Name == "model.norm.weight" ? (entry.Name, dtype, shape) : entry);

        var error = Assert.Throws<ModelFormatException>(() => Load(config));

        Assert.Equal(("model.norm.weight", expected, found), (error.Where, error.Expected, error.Found));
    }

    [Fact]
    public void FailureOfOneRank_FreesItsPiecesAndIsNotRemembered()
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config);
        _device.FailAt = 5;

        Assert.Throws<IOException>(() => Load(config));

        Assert.Equal((0L, 0, 0, 0), (_store.Bytes, _store.Count, _device.Memory.LiveTensors, _device.Live.Value));
        using var weights = Load(config);
        Assert.Equal(TestModel.Values("model.layers.0.self_attn.q_proj.weight", 128 * 64), Values(AttentionOf(weights.Layers[0]).Q));
    }

    [Fact]
    public void Cancellation_StopsAndFreesEverything()
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config);
        using var cancellation = new CancellationTokenSource();
        var progress = new Recorder(_ => cancellation.Cancel());

        Assert.ThrowsAny<OperationCanceledException>(
            () => ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, _device, DType.F32, _store, progress, cancellation.Token));

        Assert.InRange(progress.Reports.Count, 1, 4);
        Assert.Equal((0, 0), (_store.Count, _device.Live.Value));
    }

    [Fact]
    public void Progress_GrowsToTheTotal()
    {
        var config = TestModel.Config();
        TestModel.Write(_folder.Path, config);
        var progress = new Recorder(_ => { });

        using var weights = ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, _device, DType.BF16, _store, progress);

        var total = WeightBytes.Estimate(config, ShardSpec.Whole, DType.BF16);
        Assert.Equal(progress.Reports.Select(report => report.BytesDone).Order(), progress.Reports.Select(report => report.BytesDone));
        Assert.Equal(total, progress.Reports[^1].BytesDone);
        Assert.All(progress.Reports, report => Assert.Equal(total, report.BytesTotal));
    }

    [Fact]
    public void RowsWiderAndMoreThanTheStaging_ArriveWhole()
    {
        var config = TestModel.Config(json =>
        {
            json["num_hidden_layers"] = 1;
            json["vocab_size"] = 40_000;
        });
        TestModel.Write(_folder.Path, config);

        using var weights = ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, _device, DType.F32, _store);

        Assert.Equal(TestModel.Values("lm_head.weight", 40_000 * 64), Values(weights.LmHead));
    }

    private static GroupedQueryWeights AttentionOf(LayerWeights layer) => Assert.IsType<GroupedQueryWeights>(layer.Attention);

    private static float[] Values(PackedMatrix matrix) => Assert.IsType<PlainMatrix>(matrix).Values;

    private static float[] Whole(SafetensorsFile file, string tensor)
    {
        var entry = file.Tensor(tensor);
        var values = new float[entry.Rows * entry.Columns];
        file.ReadRows(tensor, 0, (int)entry.Rows, 0, (int)entry.Columns, values);
        return values;
    }

    private static float[] Columns(float[] matrix, int width, int first, int count) =>
        [.. matrix.Chunk(width).SelectMany(row => row.Skip(first).Take(count))];

    private ModelWeights Load(ModelConfig config) =>
        ModelLoader.Load(_folder.Path, config, ShardSpec.Whole, _device, DType.F32, _store);

    private sealed class Recorder(Action<LoadProgress> then) : IProgress<LoadProgress>
    {
        public List<LoadProgress> Reports { get; } = [];

        public void Report(LoadProgress value)
        {
            Reports.Add(value);
            then(value);
        }
    }
}
