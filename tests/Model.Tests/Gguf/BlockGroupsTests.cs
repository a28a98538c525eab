using System.Runtime.InteropServices;
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

/// <summary>Codes and scales of blocks stand for the values that the same blocks are decoded to, bit for bit.</summary>
public sealed class BlockGroupsTests : IDisposable
{
    private static readonly (string Name, DType Groups)[] s_types =
    [
        ("Q4_0", DType.Q4), ("Q4_1", DType.Q4M), ("Q5_0", DType.Q5), ("Q5_1", DType.Q5M), ("Q8_0", DType.Q8), ("Q2_K", DType.Q2K),
        ("Q3_K", DType.Q3K), ("Q4_K", DType.Q4K), ("Q5_K", DType.Q5K), ("Q6_K", DType.Q6K), ("IQ4_NL", DType.IQ4),
        ("IQ4_XS", DType.IQ4K), ("MXFP4", DType.MX4),
    ];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Types => [.. s_types.Select(type => type.Name)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Types_HaveTheGroupsOfTheirBlocks()
    {
        var types = BlockTypes.Readable.Split(", ").Select(Named).ToList();

        Assert.Equal(
            s_types.OrderBy(type => type.Name),
            types.Where(type => type.Stored.Packed is not null).Select(type => (type.Stored.Name, type.Stored.Packed!.Value))
                .OrderBy(type => type.Name));
        Assert.All(types, type => Assert.Equal(type.Stored.Packed is null, type.Unpack is null));
        Assert.All(types.Where(type => type.Unpack is not null), type =>
            Assert.Equal(type.Stored.BlockElements, GroupFormat.Of(type.Stored.Packed!.Value)!.BlockInputs));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RandomBlocks_HaveTheirValues(string name)
    {
        var type = Named(name);
        var random = new Random(7);
        var bytes = new byte[1000 * type.Stored.BlockBytes];
        random.NextBytes(bytes);
        if (name == "MXFP4")
        {
            for (var block = 0; block < bytes.Length; block += type.Stored.BlockBytes)
                bytes[block] = (byte)random.Next(104, 144);
        }

        var expected = new float[1000 * type.Stored.BlockElements];
        type.Decode(bytes, expected);
        var groups = new GroupValues(GroupFormat.Of(type.Stored.Packed!.Value)!, expected.Length);

        type.Unpack!(bytes, groups.Rows);

        // Of numbers that are none, any will do: blocks that have them are refused.
        Assert.Equal(Bits(expected), Bits(groups.Values));
    }

    [Theory]
    [InlineData(103, 1, false)]
    [InlineData(104, 1, true)]
    [InlineData(143, 1, true)]
    [InlineData(144, 1, false)]
    [InlineData(0, 0, true)]
    [InlineData(255, 8, true)]
    public void ScaleOfMxfp4_IsAPowerThatBinary16Has_UnlessAllValuesAreZero(byte exponent, byte code, bool isTaken)
    {
        byte[] block = [exponent, .. Enumerable.Repeat(code, 16)];
        var groups = new GroupValues(GroupFormat.Of(DType.MX4)!, 32);

        Named("MXFP4").Unpack!(block, groups.Rows);

        Assert.Equal(isTaken, groups.Rows.FindNonFinite() is null);
    }

    [Fact]
    public void ScaleOfMxfp4ThatBinary16HasNot_IsRefusedByRowWithAWayOut()
    {
        var file = GgufBytes.Model();
        var stack = file.Tensor("blk.0.ffn_down_exps.weight");
        for (var block = 0; block < stack.Data.Length; block += 17)
            stack.Data[block] = 120;
        stack.Data[17 * 3] = 103;
        stack.Data[(17 * 3) + 1] = 1;
        File.WriteAllBytes(_folder.File("m.gguf"), file.Build());
        using var weights = WeightFiles.Open(_folder.File("m.gguf"));

        var error = Assert.Throws<ModelFormatException>(() => weights.ReadGroups(
            "model.layers.0.mlp.experts.0.down_proj.weight", 0, 4, 0, 32, new GroupValues(GroupFormat.Of(DType.MX4)!, 128).Rows));

        Assert.Contains(
            "expected blocks with scales from 2^-24 to 2^15, or dtype float32 or bfloat16, found another in row 3",
            error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("mixed.gguf")]
    [InlineData("dense-q4_k_m.gguf")]
    public void RectanglesOfFiles_HaveTheirValuesAndBytes(string file)
    {
        using var weights = WeightFiles.Open(GgufModels.PathOf(file));
        var tensors = weights.Tensors.Where(tensor => tensor.Type.Packed is not null && tensor.Shape.Count == 2).ToList();
        Assert.NotEmpty(tensors);
        foreach (var tensor in tensors)
        {
            var (rows, columns, block) = ((int)tensor.Rows, (int)tensor.Columns, tensor.Type.BlockElements);
            RequireSame(weights, tensor, 0, rows, 0, columns);
            RequireSame(weights, tensor, rows - 3, 3, columns - block, block);
            RequireSame(weights, tensor, 1, 2, 0, block);
            RequireSame(weights, tensor, 5, 0, 0, columns);
        }
    }

    [Fact]
    public void CutBlocks_OtherSizesAndOtherTypes_AreRefused()
    {
        using var weights = WeightFiles.Open(GgufModels.PathOf("q4_k_m.gguf"));
        const string name = "model.layers.0.self_attn.q_proj.weight";
        var format = GroupFormat.Of(DType.Q4K)!;

        Assert.Throws<ArgumentOutOfRangeException>(() => weights.ReadGroups(name, 0, 2, 0, 128, new GroupValues(format, 256).Rows));
        Assert.Throws<ArgumentOutOfRangeException>(() => weights.ReadGroups(name, 0, 1, 0, 256, new GroupValues(format, 512).Rows));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => weights.ReadGroups(name, 0, 1, 0, 256, new GroupValues(GroupFormat.Of(DType.Q6K)!, 256).Rows));
        Assert.Throws<ArgumentException>(
            () => weights.ReadGroups("model.norm.weight", 0, 1, 0, 256, new GroupValues(format, 256).Rows));
        Assert.Throws<ModelFormatException>(() => weights.ReadGroups("none", 0, 1, 0, 256, new GroupValues(format, 256).Rows));
    }

    [Theory]
    [InlineData(0, "row 7")]
    [InlineData(1, "row 8")]
    public void ScaleThatIsNotFinite_IsRefusedByTensorAndRow(int firstColumn, string expected)
    {
        // The first tensor has rows of one block of Q8_0: its half d, then 32 codes.
        var file = GgufBytes.Model();
        file.Tensors[0].Data[(34 * (7 + firstColumn)) + 1] = 0x7C;
        File.WriteAllBytes(_folder.File("m.gguf"), file.Build());
        using var weights = WeightFiles.Open(_folder.File("m.gguf"));

        var error = Assert.Throws<ModelFormatException>(() => weights.ReadGroups(
            "model.embed_tokens.weight", 5, 10, 0, 32, new GroupValues(GroupFormat.Of(DType.Q8)!, 320).Rows));

        Assert.Equal("token_embd.weight", error.Where);
        Assert.Contains("expected blocks of finite values", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static void RequireSame(IWeightSource weights, WeightTensor tensor, int row, int rows, int column, int columns)
    {
        var (expected, expectedBytes, bytes) = (new float[rows * columns], new List<byte>(), new List<byte>());
        weights.ReadRows(tensor.Name, row, rows, column, columns, expected, expectedBytes.AddRange);
        var groups = new GroupValues(GroupFormat.Of(tensor.Type.Packed!.Value)!, expected.Length);

        weights.ReadGroups(tensor.Name, row, rows, column, columns, groups.Rows, bytes.AddRange);

        Assert.Equal(Bits(expected), Bits(groups.Values));
        Assert.Equal(expectedBytes, bytes);
    }

    private static BlockType Named(string name) =>
        Enumerable.Range(0, 64).Select(BlockTypes.Find).First(type => type?.Stored.Name == name)!;

    private static uint[] Bits(ReadOnlySpan<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values).ToArray();
        for (var i = 0; i < bits.Length; i++)
            bits[i] = float.IsFinite(values[i]) ? bits[i] : 0x7FC0_0000;
        return bits;
    }
}
