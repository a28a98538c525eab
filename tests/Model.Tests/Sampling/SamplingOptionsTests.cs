using AkkaCp.Model.Sampling;
using Xunit;

namespace AkkaCp.Model.Tests.Sampling;

public sealed class SamplingOptionsTests
{
    [Fact]
    public void Defaults_HaveNoProblems()
    {
        Assert.Empty(new SamplingOptions().Problems(1));
        Assert.Empty(SamplingOptions.Greedy.Problems(1));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(-0.1f)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.MaxValue)]
    [InlineData(101f)]
    public void BadTemperature_IsNamed(float value) =>
        AssertOne(new SamplingOptions { Temperature = value }, "temperature must be in [0, 100]");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(1.01f)]
    public void BadTopP_IsNamed(float value) => AssertOne(new SamplingOptions { TopP = value }, "top_p must be in (0, 1]");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(-0.1f)]
    [InlineData(1.5f)]
    public void BadMinP_IsNamed(float value) => AssertOne(new SamplingOptions { MinP = value }, "min_p must be in [0, 1]");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.PositiveInfinity)]
    public void BadRepetitionPenalty_IsNamed(float value) =>
        AssertOne(new SamplingOptions { RepetitionPenalty = value }, "repetition_penalty must be in (0, 100]");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(2.5f)]
    [InlineData(-2.5f)]
    public void BadAdditivePenalties_AreNamed(float value)
    {
        AssertOne(new SamplingOptions { PresencePenalty = value }, "presence_penalty must be in [-2, 2]");
        AssertOne(new SamplingOptions { FrequencyPenalty = value }, "frequency_penalty must be in [-2, 2]");
    }

    [Fact]
    public void BadTopKAndTopLogprobs_AreNamed()
    {
        AssertOne(new SamplingOptions { TopK = -1 }, "top_k must be at least 0 (0 = off), found -1");
        AssertOne(new SamplingOptions { TopLogprobs = 21, Logprobs = true }, "top_logprobs must be in [0, 20], found 21");
        AssertOne(new SamplingOptions { TopLogprobs = 2 }, "top_logprobs needs logprobs = true");
    }

    [Fact]
    public void BadBias_IsNamedById()
    {
        AssertOne(Bias(10, 0), "logit_bias id must be in [0, 10), found 10");
        AssertOne(Bias(-1, 0), "logit_bias id must be in [0, 10), found -1");
        AssertOne(Bias(3, float.NaN), "logit_bias[3] must be in [-100, 100], found NaN");
    }

    [Fact]
    public void SeveralMistakes_AreAllReported()
    {
        var options = new SamplingOptions { Temperature = -1, TopK = -1, TopP = 2, MinP = 2, RepetitionPenalty = 0, PresencePenalty = 9 };
        Assert.Equal(6, options.Problems(10).Count);
    }

    private static SamplingOptions Bias(int id, float value) => new() { LogitBias = new Dictionary<int, float> { [id] = value } };

    private static void AssertOne(SamplingOptions options, string start) =>
        Assert.StartsWith(start, Assert.Single(options.Problems(10)), StringComparison.Ordinal);
}
