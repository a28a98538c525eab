using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

public sealed class GgufWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("mixed.gguf")]
    [InlineData("dense-q4_k_m.gguf")]
    [InlineData("split-00001-of-00003.gguf")]
    [InlineData("split-00002-of-00003.gguf")]
    public void GoldenFile_HasWhatItsConfigAsksForAndNothingElse(string file)
    {
        var path = GgufModels.PathOf(file);
        Assert.Empty(WeightFiles.Check(path, ModelConfig.Load(ModelFiles.Of(path))));
        using var weights = WeightFiles.Open(path);
        Assert.Empty(weights.FindNonFinite(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void StackOfExperts_IsOneMatrixForEach()
    {
        var path = GgufModels.PathOf("mixed.gguf");
        using var file = GgufFile.Open(path);
        using var weights = WeightFiles.Open(path);
        var stack = file.Tensors.Single(tensor => tensor.Name == "blk.0.ffn_down_exps.weight");
        var bytes = new byte[stack.Bytes];
        file.Read(stack.Name, stack.Offset, bytes);
        var all = new float[256 * 256 * 3];
        stack.Type.Decode(bytes, all);

        for (var expert = 0; expert < 3; expert++)
        {
            var name = $"model.layers.0.mlp.experts.{expert}.down_proj.weight";
            Assert.Equal(("Q5_K", "[256, 256]"), (weights.Find(name)!.Type.Name, weights.Find(name)!.ShapeText));
            Assert.Equal(all[(expert * 65536)..((expert + 1) * 65536)], Rectangle(weights, name, 0, 256, 0, 256));
        }
    }

    [Fact]
    public void GateAndUpInOneStack_AreTheRowsOfEach()
    {
        var apart = GgufBytes.Model();
        var together = GgufBytes.Model();
        var (gate, up) = (apart.Tensor("blk.0.ffn_gate_exps.weight"), apart.Tensor("blk.0.ffn_up_exps.weight"));
        for (var i = 0; i < up.Data.Length; i++)
            up.Data[i] ^= 1;
        together.Tensors.RemoveAll(tensor => tensor.Name == gate.Name || tensor.Name == up.Name);
        var half = gate.Data.Length / 2;
        together.Tensors.Add(new GgufBytesTensor(
            "blk.0.ffn_gate_up_exps.weight", gate.Type, [32, 64, 2],
            [.. gate.Data[..half], .. up.Data[..half], .. gate.Data[half..], .. up.Data[half..]]));
        using var first = Written("apart.gguf", apart);
        using var second = Written("together.gguf", together);

        foreach (var name in first.Tensors.Select(tensor => tensor.Name))
        {
            Assert.Equal(first.Find(name)!.ShapeText, second.Find(name)?.ShapeText);
            Assert.Equal(Whole(first, name), Whole(second, name));
        }
    }

    [Fact]
    public void Columns_MayBeginInsideABlock()
    {
        using var weights = WeightFiles.Open(GgufModels.PathOf("mixed.gguf"));
        foreach (var tensor in weights.Tensors.Where(tensor => tensor.Shape.Count == 2 && tensor.Columns == 256))
        {
            var whole = Rectangle(weights, tensor.Name, 1, 2, 0, 256);
            foreach (var (first, count) in ((int, int)[])[(0, 128), (128, 128), (31, 2), (255, 1), (5, 0)])
            {
                var expected = whole[first..(first + count)].Concat(whole[(256 + first)..(256 + first + count)]);
                Assert.Equal(expected, Rectangle(weights, tensor.Name, 1, 2, first, count));
            }
        }
    }

    [Fact]
    public void StoredBytes_AreThoseOfTheBlocksThatTheColumnsAreIn()
    {
        using var weights = WeightFiles.Open(GgufModels.PathOf("mixed.gguf"));
        const string name = "model.layers.1.self_attn.k_proj.weight";
        var told = new List<byte>();
        weights.ReadRows(name, 3, 2, 30, 40, new float[80], bytes => told.AddRange(bytes));
        var stored = new byte[2 * 3 * 18];
        weights.ReadStored(name, 3, 2, 30, 40, stored);

        Assert.Equal(("IQ4_NL", 54L), (weights.Find(name)!.Type.Name, weights.Find(name)!.Type.BytesOf(30, 40)));
        Assert.Equal(stored, told);
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.ReadRows(name, 3, 2, 250, 40, new float[80]));
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.ReadStored(name, 127, 2, 0, 32, new byte[36]));
    }

    [Fact]
    public void Loaded_AreTheFilesValues_AndTpCutsThemInsideBlocks()
    {
        using var device = new PlainDevice();
        var path = GgufModels.PathOf("q4_k_m.gguf");
        var config = ModelConfig.Load(ModelFiles.Of(path));
        using var files = WeightFiles.Open(path);
        var shard = ShardSpec.Whole with { AttnTpRank = 1, AttnTpSize = 2 };
        using var weights = ModelLoader.Load(path, config, shard, device, DType.F32, new WeightStore());

        var attention = Assert.IsType<GroupedQueryWeights>(weights.Layers[1].Attention);
        var o = new float[256 * 128];
        ((PlainMatrix)attention.O).Values.CopyTo(o.AsSpan());
        Assert.Equal(Rectangle(files, "model.layers.1.self_attn.o_proj.weight", 0, 256, 128, 128), o);
        Assert.Equal(
            Whole(files, "model.layers.1.mlp.experts.5.down_proj.weight"), ((PlainMatrix)weights.Layers[1].Moe!.Down[5]).Values);
    }

    [Fact]
    public void Parts_AreOpenedByAnyOfThem_AndRefusedWhereOneIsMissingOrAnothers()
    {
        for (var part = 1; part <= 3; part++)
            File.Copy(GgufModels.PathOf(Part(part)), _folder.File(Part(part)));
        using (var weights = WeightFiles.Open(_folder.File(Part(3))))
            Assert.Equal(21, weights.Tensors.Count());

        File.Copy(_folder.File(Part(2)), _folder.File(Part(3)), overwrite: true);
        Assert.Equal("split.no", Refused(_folder.File(Part(1))).Where);
        File.Delete(_folder.File(Part(2)));
        Assert.Equal(_folder.File(Part(2)), Refused(_folder.File(Part(1))).File);
        File.Move(_folder.File(Part(1)), _folder.File("alone.gguf"));
        Assert.Equal("split.count", Refused(_folder.File("alone.gguf")).Where);
        File.Move(_folder.File("alone.gguf"), _folder.File("alone-00004-of-00003.gguf"));
        Assert.Equal("name", Refused(_folder.File("alone-00004-of-00003.gguf")).Where);
    }

    [Theory]
    [InlineData("split.tensors.count", 16)]
    [InlineData("split.count", 2)]
    [InlineData("split.no", 1)]
    public void PartThatCountsOtherwise_IsRefused(string key, int value)
    {
        var file = GgufBytes.Model();
        foreach (var (name, number) in ((string, int)[])[("split.no", 0), ("split.count", 1), ("split.tensors.count", 15)])
            file.Set(name, GgufKind.Int32, BitConverter.GetBytes(name == key ? value : number));
        File.WriteAllBytes(_folder.File("m-00001-of-00001.gguf"), file.Build());

        Assert.Equal(key, Refused(_folder.File("m-00001-of-00001.gguf")).Where);
    }

    [Fact]
    public void TensorInTwoParts_IsRefused()
    {
        for (var part = 0; part < 2; part++)
        {
            var file = GgufBytes.Model();
            file.Set("split.no", (uint)part);
            file.Set("split.count", 2u);
            File.WriteAllBytes(_folder.File($"m-0000{part + 1}-of-00002.gguf"), file.Build());
        }

        Assert.Contains("in one part", Refused(_folder.File("m-00001-of-00002.gguf")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FileThatShrank_IsAnErrorOfItsTensor()
    {
        using var weights = Written("m.gguf", GgufBytes.Model());
        using (var stream = new FileStream(_folder.File("m.gguf"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(9_000);
        var error = Assert.Throws<ModelFormatException>(() => Whole(weights, "lm_head.weight"));
        Assert.Equal("output.weight", error.Where);
    }

    [Fact]
    public void NamesOfTypes_AreWordsOfTheFormat() => Assert.Equal("type 40 (NVFP4)", BlockTypes.NameOf(40));

    private static string Part(int number) => $"split-0000{number}-of-00003.gguf";

    private static ModelFormatException Refused(string path) => Assert.Throws<ModelFormatException>(() => WeightFiles.Open(path));

    private static float[] Whole(IWeightSource weights, string name)
    {
        var tensor = weights.Find(name)!;
        return Rectangle(weights, name, 0, (int)tensor.Rows, 0, (int)tensor.Columns);
    }

    private static float[] Rectangle(IWeightSource weights, string name, int row, int rows, int column, int columns)
    {
        var values = new float[rows * columns];
        weights.ReadRows(name, row, rows, column, columns, values);
        return values;
    }

    private IWeightSource Written(string name, GgufBytes file)
    {
        File.WriteAllBytes(_folder.File(name), file.Build());
        return WeightFiles.Open(_folder.File(name));
    }
}
