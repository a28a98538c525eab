using AkkaCp.Cli.Bench;
using AkkaCp.Model.Configuration;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Bench;

public class UsefulWorkTests
{
    // hidden 64, 4 layers, 4 heads over 2 of 32, 8 experts of 48, 2 a token, vocabulary 512.
    private static readonly ModelConfig s_tiny = ModelConfig.Load(RepositoryFiles.TinyModel("f32"));

    [Fact]
    public void PrefillFlops_AreThoseOfTheFormula()
    {
        var flops = new UsefulWork(s_tiny).PrefillFlops(10);

        Assert.Equal(4 * 2 * 10 * 64 * (128 + 128), flops["QkvProjection"]);
        Assert.Equal(4 * 2 * 10 * 128 * 64, flops["Concat"]);
        Assert.Equal(4 * 2 * 10 * ((64 * 8) + (2 * 3 * 64 * 48)), flops["Moe"]);
        Assert.Equal(2 * 64 * 512, flops["LmHead"]);
        Assert.Equal(["Concat", "DualFia", "LmHead", "Moe", "QkvProjection"], flops.Keys.Order());
    }

    [Fact]
    public void AttentionFlops_CountVisibleKeysOnly()
    {
        // One row sees 1, 2, … 10 keys: a product with each for the score, one for the value.
        var expected = Enumerable.Range(1, 10).Sum(keys => 4 * 4.0 * 32 * keys) * 4;

        Assert.Equal(expected, new UsefulWork(s_tiny).PrefillFlops(10)["DualFia"]);
    }

    [Fact]
    public void DecodeBytesOfOneStream_AreActiveWeightsAndItsPast()
    {
        var attention = 64 * (128 + 128 + 128);
        var feedForward = (64 * 8) + (2 * 3 * 64 * 48);
        var weights = (4 * (attention + feedForward)) + (64 * 512);
        var kv = 101 * 128 * 4;

        Assert.Equal(4.0 * (weights + kv), new UsefulWork(s_tiny).DecodeBytes(1, 100, DType.F32), 1e-6);
        Assert.Equal(2.0 * (weights + kv), new UsefulWork(s_tiny).DecodeBytes(1, 100, DType.BF16), 1e-6);
    }

    [Theory]
    [InlineData(1, 2.0)]
    [InlineData(2, 3.5)]
    [InlineData(1000, 8.0)]
    public void ExpectedExperts_GrowFromThoseOfATokenToAll(int rows, double expected) =>
        Assert.Equal(expected, new UsefulWork(s_tiny).ExpectedExperts(rows), 1e-6);
}
