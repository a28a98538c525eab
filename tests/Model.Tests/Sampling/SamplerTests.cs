using AkkaCp.Model.Sampling;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly TokenCounts s_noHistory = new();

    public static TheoryData<string> Chains => [.. s_chains.Keys];

    private static readonly Dictionary<string, SamplingOptions> s_chains = new()
    {
        ["plain"] = new(),
        ["greedy"] = SamplingOptions.Greedy,
        ["hot"] = new() { Temperature = 2.5f },
        ["cold"] = new() { Temperature = 0.3f },
        ["top-k 1"] = new() { TopK = 1 },
        ["top-k 5"] = new() { TopK = 5 },
        ["top-k beyond the vocabulary"] = new() { TopK = 1000 },
        ["top-p small"] = new() { TopP = 0.01f },
        ["top-p"] = new() { TopP = 0.7f },
        ["min-p"] = new() { MinP = 0.2f },
        ["min-p 1"] = new() { MinP = 1 },
        ["repetition"] = new() { RepetitionPenalty = 1.8f },
        ["presence and frequency"] = new() { PresencePenalty = 1.5f, FrequencyPenalty = 0.7f },
        ["negative penalties"] = new() { PresencePenalty = -1, FrequencyPenalty = -0.5f },
        ["bias"] = new() { LogitBias = new Dictionary<int, float> { [0] = 5, [3] = -100 } },
        ["all"] = new()
        {
            Temperature = 0.8f,
            TopK = 9,
            TopP = 0.9f,
            MinP = 0.05f,
            RepetitionPenalty = 1.2f,
            PresencePenalty = 0.3f,
            FrequencyPenalty = 0.2f,
            LogitBias = new Dictionary<int, float> { [2] = 2 },
        },
    };

    /// <summary>
    /// χ² over 6 000 draws against the reference distribution; the bound is mean + 5 standard deviations of χ² with its degrees of
    /// freedom. A token of probability 0 must never come.
    /// </summary>
    [Theory]
    [MemberData(nameof(Chains))]
    public void Draws_FollowTheReferenceDistribution(string chain)
    {
        const int Draws = 6_000;
        var options = s_chains[chain] with { Seed = 20_260_101 };
        float[] logits = [0.4f, -1.3f, 2.2f, 1.9f, -0.2f, 2.2f, 0.9f, -3, 1.1f, 0, -7, 1.4f];
        int[] prompt = [2, 5, 5, 7];
        int[] output = [3, 3, 3, 8, 2];
        var expected = ReferenceSampling.Distribution(logits, options, prompt, output);

        var sampler = new Sampler(logits.Length);
        var history = new TokenCounts(prompt, output);
        var counts = new int[logits.Length];
        for (var position = 0; position < Draws; position++)
            counts[sampler.Sample(logits, options, position, history).Id]++;

        var chiSquare = 0.0;
        for (var id = 0; id < counts.Length; id++)
        {
            if (expected[id] == 0)
                Assert.True(counts[id] == 0, $"{chain}: token {id} is filtered out but came {counts[id]} times");
            else
                chiSquare += Math.Pow(counts[id] - Draws * expected[id], 2) / (Draws * expected[id]);
        }

        var freedom = expected.Count(p => p > 0) - 1;
        Assert.True(
            chiSquare <= freedom + 5 * Math.Sqrt(2.0 * freedom) + 1e-9, $"{chain}: χ² = {chiSquare} at {freedom} degrees of freedom");
    }

    [Fact]
    public void Filters_KeepWhatTheReferenceKeeps_OnRandomRows()
    {
        var random = new Random(7);
        for (var round = 0; round < 60; round++)
        {
            var vocab = random.Next(1, 40);
            // Quarter steps make ties frequent.
            var logits = Enumerable.Range(0, vocab).Select(_ => random.Next(-16, 17) / 4f).ToArray();
            var options = new SamplingOptions
            {
                Temperature = 0.5f + random.NextSingle(),
                TopK = random.Next(0, vocab + 2),
                TopP = 1 - random.NextSingle() * 0.99f,
                MinP = random.Next(2) * random.NextSingle() * 0.3f,
                Seed = (ulong)round,
            };
            var expected = ReferenceSampling.Distribution(logits, options, [], []);
            var sampler = new Sampler(vocab);
            var seen = Enumerable.Range(0, 800).Select(p => sampler.Sample(logits, options, p, s_noHistory).Id).ToHashSet();

            Assert.All(seen, id => Assert.True(expected[id] > 0, $"round {round}: token {id} should be filtered out"));
            Assert.All(Enumerable.Range(0, vocab).Where(id => expected[id] > 0.02), id => Assert.Contains(id, seen));
        }
    }

    [Fact]
    public void SameSeedAndPosition_GiveTheSameToken_WhateverCameBefore()
    {
        var logits = Row(500, seed: 3);
        var options = new SamplingOptions { Temperature = 1.2f, TopP = 0.98f, Seed = 42 };
        var sampler = new Sampler(500);
        var straight = Enumerable.Range(0, 200).Select(p => sampler.Sample(logits, options, p, s_noHistory).Id).ToArray();

        var resumed = new Sampler(500);
        resumed.Sample(Row(500, seed: 9), options with { TopK = 7 }, 1, s_noHistory);
        for (var position = 199; position >= 0; position--)
            Assert.Equal(straight[position], resumed.Sample(logits, options, position, s_noHistory).Id);
    }

    [Fact]
    public void DifferentSeeds_GiveUnrelatedSequences()
    {
        var logits = new float[1000];
        var sampler = new Sampler(1000);
        int[] Ids(ulong seed) => [.. Enumerable.Range(0, 300).Select(
            p => sampler.Sample(logits, new SamplingOptions { Seed = seed }, p, s_noHistory).Id)];

        // A shift between seeds would repeat a sequence; 300 draws of 1000 ids agree by chance in 0.3 places.
        var (first, second, golden) = (Ids(1), Ids(2), Ids(unchecked(1 + 0x9E3779B97F4A7C15)));
        Assert.True(first.Zip(second).Count(pair => pair.First == pair.Second) < 5);
        Assert.True(first.Skip(1).Zip(golden).Count(pair => pair.First == pair.Second) < 5);
    }

    [Fact]
    public void Greedy_TakesTheLowestIdAmongEquals()
    {
        var sampler = new Sampler(5);
        Assert.Equal(1, sampler.Sample([-1, 3, 0, 3, 3], SamplingOptions.Greedy, 0, s_noHistory).Id);
        Assert.Equal(0, sampler.Sample([-0f, 0f, -1, 0f, -2], SamplingOptions.Greedy, 0, s_noHistory).Id);
    }

    [Fact]
    public void TopKTies_KeepTheLowestIds()
    {
        var sampler = new Sampler(64);
        var options = new SamplingOptions { TopK = 3 };
        var seen = Enumerable.Range(0, 200).Select(p => sampler.Sample(new float[64], options, p, s_noHistory).Id).ToHashSet();

        Assert.Equal([0, 1, 2], seen.Order());
    }

    [Fact]
    public void MaskedTokens_AreNeverDrawn()
    {
        var sampler = new Sampler(4);
        float[] logits = [float.NegativeInfinity, 0, float.NegativeInfinity, 1];
        var seen = Enumerable.Range(0, 300).Select(p => sampler.Sample(logits, new SamplingOptions { Seed = 5 }, p, s_noHistory).Id);

        Assert.Equal([1, 3], seen.Distinct().Order());
    }

    [Theory]
    [InlineData(1e4f, -1e4f, 1e-30f)]
    [InlineData(3e38f, -3e38f, 1f)]
    [InlineData(1e-40f, 0f, 1e-45f)]
    [InlineData(3e38f, 0f, 1e-45f)]
    public void ExtremeLogitsAndTemperatures_StillTakeTheLargest(float large, float small, float temperature)
    {
        var sampler = new Sampler(3);
        var options = new SamplingOptions { Temperature = temperature, TopP = 0.5f };
        for (var position = 0; position < 20; position++)
            Assert.Equal(1, sampler.Sample([small, large, small], options, position, s_noHistory).Id);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void NonFiniteLogit_IsANamedError(float bad)
    {
        var sampler = new Sampler(3);
        var error = Assert.Throws<NonFiniteLogitsException>(() => sampler.Sample([1, 2, bad], SamplingOptions.Greedy, 0, s_noHistory));
        Assert.Contains("at id 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<NonFiniteLogitsException>(() => sampler.Sample([bad, 2, 1], new SamplingOptions(), 0, s_noHistory));
    }

    [Fact]
    public void AllMasked_IsANamedError()
    {
        var row = Enumerable.Repeat(float.NegativeInfinity, 3).ToArray();
        Assert.Throws<NonFiniteLogitsException>(() => new Sampler(3).Sample(row, new SamplingOptions(), 0, s_noHistory));
    }

    [Fact]
    public void WrongLength_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => new Sampler(3).Sample([1, 2], new SamplingOptions(), 0, s_noHistory));
        Assert.Contains("expected 3 numbers, found 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logprobs_AreThoseOfTheRawSoftmax()
    {
        float[] logits = [1, 3, 2, 3];
        var options = new SamplingOptions
        {
            Temperature = 0.1f,
            TopK = 1,
            Logprobs = true,
            TopLogprobs = 3,
            LogitBias = new Dictionary<int, float> { [0] = 100 },
        };
        var token = new Sampler(4).Sample(logits, options, 0, s_noHistory);

        var lse = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        Assert.Equal(0, token.Id);
        Assert.Equal(1 - lse, token.Logprob, 1e-6);
        Assert.Equal([1, 3, 2], token.TopLogprobs.Select(t => t.Id));
        Assert.All(token.TopLogprobs, t => Assert.Equal(logits[t.Id] - lse, t.Logprob, 1e-6));
    }

    [Fact]
    public void LogprobsOff_GiveNoneOfThem()
    {
        var token = new Sampler(2).Sample([1, 2], SamplingOptions.Greedy, 0, s_noHistory);
        Assert.True(float.IsNaN(token.Logprob));
        Assert.Empty(token.TopLogprobs);
    }

    [Fact]
    public void RepetitionPenalty_CountsThePrompt_PresenceDoesNot()
    {
        var prompt = new TokenCounts([1]);
        float[] logits = [1, 1.5f];
        Assert.Equal(0, new Sampler(2).Sample(logits, SamplingOptions.Greedy with { RepetitionPenalty = 2 }, 0, prompt).Id);
        Assert.Equal(1, new Sampler(2).Sample(logits, SamplingOptions.Greedy with { PresencePenalty = 2 }, 0, prompt).Id);
        prompt.AddOutput(1);
        Assert.Equal(0, new Sampler(2).Sample(logits, SamplingOptions.Greedy with { PresencePenalty = 2 }, 0, prompt).Id);
    }

    [Fact]
    public void Sampling_AllocatesOnlyItsResult()
    {
        var sampler = new Sampler(2_000);
        var logits = Row(2_000, seed: 1);
        var history = new TokenCounts([1, 2, 3], [4, 5]);
        var options = new SamplingOptions { Temperature = 0.7f, TopK = 50, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f };

        var least = Allocated.ByQuietest(() =>
        {
            for (var position = 0; position < 100; position++)
                sampler.Sample(logits, options, position, history);
        });
        Assert.InRange(least, 0, 100 * 64);
    }

    private static float[] Row(int vocab, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, vocab).Select(_ => random.NextSingle() * 8 - 4)];
    }
}
