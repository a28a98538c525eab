using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Configuration;

/// <summary>The frozen numbers come from HF's _compute_yarn_parameters, evaluated in double by another program.</summary>
public sealed class RotaryEmbeddingTests : IDisposable
{
    private readonly TensorPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void WithoutScaling_AngleIsPositionTimesPowerOfBase()
    {
        var rope = new RotaryEmbedding(ModelConfigTests.Parse(_ => { }));

        Assert.Equal(16, rope.InverseFrequencies.Count);
        Assert.Equal(Math.Pow(1e6, -2.0 * 5 / 32), rope.InverseFrequencies[5], 1e-15);
        var (cos, sin) = Row(rope, 4095);
        Assert.Equal((float)Math.Cos(4095), cos[0]);
        Assert.Equal((float)Math.Sin(4095 * Math.Pow(1e6, -0.5)), sin[8], 1e-6f);
    }

    [Fact]
    public void Linear_DividesEveryAngle()
    {
        var plain = new RotaryEmbedding(ModelConfigTests.Parse(_ => { }));
        var linear = new RotaryEmbedding(Scaled("""{"type": "linear", "factor": 4.0}"""));

        Assert.Equal(1, linear.AttentionFactor);
        Assert.Equal(plain.InverseFrequencies.Select(frequency => frequency / 4), linear.InverseFrequencies);
        Assert.Equal(Row(plain, 25).Cos, Row(linear, 100).Cos);
    }

    [Fact]
    public void Yarn_GivesTheReferenceNumbers()
    {
        var rope = new RotaryEmbedding(Scaled(
            """{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}""", headDim: 128, theta: 1e6));

        Assert.Equal(1.138629436111989, rope.AttentionFactor, 1e-14);
        AssertFrequencies(rope, (0, 1.0), (15, 0.03924189758484536), (23, 0.006978305848598663), (24, 0.005375321490790102),
            (30, 0.0010643609812470017), (36, 0.00017984115587395423), (40, 4.445698525097307e-05), (41, 3.582531425592407e-05),
            (63, 3.102344401879299e-07));
        var (cos, sin) = Row(rope, 131071);
        Assert.Equal(-0.9313800906570121f, cos[0], 1e-6f);
        Assert.Equal(0.32997159353880057f, cos[30], 1e-6f);
        Assert.Equal(1.0897686636337873f, sin[30], 1e-6f);
        Assert.Equal(0.046287032718537666f, sin[63], 1e-6f);
    }

    [Fact]
    public void YarnWithMscaleAndWithoutTruncation_GivesTheReferenceNumbers()
    {
        var rope = new RotaryEmbedding(Scaled(
            """
            {"type": "yarn", "factor": 8.0, "original_max_position_embeddings": 2048, "mscale": 1.0, "mscale_all_dim": 0.5,
             "beta_fast": 16, "beta_slow": 2, "truncate": false}
            """, headDim: 64, theta: 10_000));

        Assert.Equal(1.094179988101349, rope.AttentionFactor, 1e-14);
        AssertFrequencies(rope, (0, 1.0), (8, 0.1), (14, 0.010185027102734768), (16, 0.003305222402196121),
            (20, 0.00039528470752104737), (31, 1.666901790204155e-05));
    }

    [Fact]
    public void YarnAttentionFactor_WhenNamed_IsTaken() => Assert.Equal(1.5, new RotaryEmbedding(
        Scaled("""{"type": "yarn", "factor": 8.0, "attention_factor": 1.5}""")).AttentionFactor);

    [Fact]
    public void Table_HoldsTheSameBitsAsComputedRows()
    {
        var config = Scaled("""{"type": "yarn", "factor": 4.0}""");
        var computed = new RotaryEmbedding(config);
        var tabled = new RotaryEmbedding(config, tablePositions: 100);

        foreach (var position in (int[])[0, 1, 99, 100, 5000])
        {
            Assert.Equal(Row(computed, position).Cos, Row(tabled, position).Cos);
            Assert.Equal(Row(computed, position).Sin, Row(tabled, position).Sin);
        }
    }

    [Fact]
    public void Fill_RefusesAWrongShape()
    {
        var rope = new RotaryEmbedding(ModelConfigTests.Parse(_ => { }));
        using var narrow = _pool.Rent(DType.F32, 1, 15);
        using var right = _pool.Rent(DType.F32, 1, 16);

        Assert.Throws<NpuShapeException>(() => rope.Fill([0], narrow, right));
        Assert.Throws<NpuShapeException>(() => rope.Fill([0, 1], right, right));
        Assert.Throws<ArgumentOutOfRangeException>(() => rope.Fill([-1], right, right));
    }

    private static void AssertFrequencies(RotaryEmbedding rope, params (int Pair, double Value)[] expected) =>
        Assert.All(expected, pair => Assert.Equal(1, rope.InverseFrequencies[pair.Pair] / pair.Value, 1e-12));

    private static ModelConfig Scaled(string scaling, int headDim = 32, double theta = 1e6) => ModelConfigTests.Parse(json =>
    {
        json["rope_scaling"] = JsonNode.Parse(scaling);
        json["head_dim"] = headDim;
        json["rope_theta"] = theta;
    });

    // Fills three rows, of which the middle one is wanted: neighbours must not matter.
    private (float[] Cos, float[] Sin) Row(RotaryEmbedding rope, int position)
    {
        using var cos = _pool.Rent(DType.F32, 3, rope.InverseFrequencies.Count);
        using var sin = _pool.Rent(DType.F32, 3, rope.InverseFrequencies.Count);
        rope.Fill([7, position, 0], cos, sin);
        return (cos.View.ReadRow(1), sin.View.ReadRow(1));
    }
}
