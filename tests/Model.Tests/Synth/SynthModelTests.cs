using System.Text;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Synth;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Synth;

public sealed class SynthModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void TinyModel_IsWrittenAndLoadsOnTheDevice(DType dtype)
    {
        SynthModel.Write("tiny", 3, 7, dtype, _folder.Path);
        var config = ModelConfig.Load(_folder.Path);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var store = new WeightStore();

        using var weights = ModelLoader.Load(_folder.Path, config, new ShardSpec(2, 1, 2, 0, 1, 0), device, dtype, store);

        Assert.Equal(3, weights.Layers.Count);
        Assert.Equal((48, 64), (weights.Layers[2].Moe!.GateUp[7].N, weights.Layers[2].Moe!.GateUp[7].K));
        Assert.True(weights.Bytes >= WeightBytes.Estimate(config, weights.Shard, dtype));
        Assert.Equal(weights.Bytes, store.Bytes);
        Assert.InRange(device.WeightBytes, weights.Bytes / 2, weights.Bytes);
        weights.Dispose();
        Assert.Equal((0, 0), (device.WeightBytes, store.Count));
    }

    [Fact]
    public void SameArguments_GiveTheSameBytes_AndATensorDoesNotDependOnTheLayers()
    {
        SynthModel.Write("tiny", 1, 7, DType.BF16, _folder.File("a"));
        SynthModel.Write("tiny", 1, 7, DType.BF16, _folder.File("b"));
        SynthModel.Write("tiny", 2, 7, DType.BF16, _folder.File("c"));
        SynthModel.Write("tiny", 1, 8, DType.BF16, _folder.File("d"));

        Assert.All(Directory.GetFiles(_folder.File("a")), file =>
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_folder.File("b"), Path.GetFileName(file)))));
        Assert.Equal(LmHead("a"), LmHead("c"));
        Assert.NotEqual(LmHead("a"), LmHead("d"));
    }

    [Fact]
    public void LargeModel_IsShardedWithAnIndex()
    {
        SynthModel.Write(SynthPreset.Named("tiny"), 2, 1, DType.BF16, _folder.Path, 200_000, null, default);

        using var set = WeightFiles.Open(_folder.Path);

        var files = set.Tensors.Select(tensor => tensor.File).Distinct().ToList();
        Assert.Equal(3, files.Count);
        Assert.True(File.Exists(_folder.File("model-00001-of-00003.safetensors")));
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, 220_000));
        Assert.Equal(SynthTensor.All(ModelConfig.Load(_folder.Path)).Count, set.Tensors.Count());
    }

    [Fact]
    public void GgufFile_IsThatOfTheDirectory()
    {
        SynthModel.Write("tiny", 2, 7, DType.F32, _folder.File("tiny"));

        foreach (var kind in (string[])["F32", "Q8_0", "Q4_K_M"])
        {
            SynthModel.WriteGguf("tiny", 2, 7, kind, _folder.File("made.gguf"), overwrite: true);
            ModelFiles.WriteGguf(_folder.File("tiny"), _folder.File("quantised.gguf"), kind, overwrite: true);
            Assert.Equal(File.ReadAllBytes(_folder.File("quantised.gguf")), File.ReadAllBytes(_folder.File("made.gguf")));
        }
    }

    [Fact]
    public void Weights_HaveTheirMeanAndDeviation()
    {
        SynthModel.Write("tiny", 1, 3, DType.F32, _folder.Path);
        using var set = WeightFiles.Open(_folder.Path);

        AssertMoments(set, "model.embed_tokens.weight", 0, 1);
        AssertMoments(set, "lm_head.weight", 0, 2.5 / 8);
        AssertMoments(set, "model.layers.0.self_attn.o_proj.weight", 0, 1 / Math.Sqrt(128));
        AssertMoments(set, "model.layers.0.self_attn.q_norm.weight", 1.3, 0.1);
        Assert.Empty(set.FindNonFinite());
    }

    [Fact]
    public void NormalNumbers_AreNormal()
    {
        var values = new float[NormalNumbers.BlockElements];
        new NormalNumbers(1, "t").Fill(0, values, 0, 1);

        foreach (var (x, below) in ((double, double)[])[(-3, 0.00135), (-2, 0.02275), (-1, 0.15866), (0, 0.5), (0.5, 0.69146),
            (2.5, 0.99379)])
        {
            Assert.Equal(below, values.Count(value => value < x) / (double)values.Length, 0.003);
        }

        Assert.Equal(0, values.Zip(values.Skip(1), (a, b) => (double)a * b).Average(), 0.01);
    }

    [Fact]
    public void Tokenizer_RoundTripsAndFitsTheModel()
    {
        SynthModel.Write("tiny", 1, 3, DType.BF16, _folder.Path);
        var tokenizer = Tokenizer.Load(_folder.Path);

        tokenizer.RequireFits(512);
        var ids = tokenizer.Encode("<|im_start|>user\nGrüße, 世界<|im_end|>");
        Assert.Equal((257, 258), (ids[0], ids[^1]));
        Assert.Equal("<|im_start|>user\nGrüße, 世界<|im_end|>", tokenizer.Decode(ids));
        Assert.Equal(2 + Encoding.UTF8.GetByteCount("user\nGrüße, 世界"), ids.Length);
    }

    [Theory]
    [InlineData("huge", 1, "qwen3-30b-a3b, bench, tiny")]
    [InlineData("tiny", 0, "1 to 4096")]
    [InlineData("tiny", 5000, "1 to 4096")]
    public void WrongPresetOrLayers_IsRefused(string preset, int layers, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => SynthModel.Write(preset, layers, 0, DType.F32, _folder.Path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void DirectoryWithFiles_IsLeftAlone()
    {
        File.WriteAllText(_folder.File("precious.txt"), "x");

        Assert.Throws<IOException>(() => SynthModel.Write("tiny", 1, 0, DType.F32, _folder.Path));

        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void LargePreset_HasTheTrueModelsSize()
    {
        // 30.5 billion parameters in BF16; routers are kept in F32.
        SynthFiles.Write(_folder.Path, SynthPreset.Named("qwen3-30b-a3b"), 48, DType.BF16);
        var config = ModelConfig.Load(_folder.Path);

        Assert.Equal(30_532_122_624, SynthTensor.All(config).Sum(tensor => tensor.Count));
    }

    private byte[] LmHead(string folder)
    {
        using var set = WeightFiles.Open(_folder.File(folder));
        var bytes = new byte[512 * 64 * 2];
        set.ReadStored("lm_head.weight", 0, 512, 0, 64, bytes);
        return bytes;
    }

    private static void AssertMoments(IWeightSource set, string tensor, double mean, double deviation)
    {
        var entry = set.Find(tensor)!;
        var values = new float[entry.Rows * entry.Columns];
        set.ReadRows(tensor, 0, (int)entry.Rows, 0, (int)entry.Columns, values);
        var found = values.Average(value => (double)value);
        Assert.Equal(mean, found, 4 * deviation / Math.Sqrt(values.Length));
        Assert.Equal(deviation, Math.Sqrt(values.Average(value => (value - found) * (value - found))),
            4 * deviation / Math.Sqrt(2.0 * values.Length));
    }
}
