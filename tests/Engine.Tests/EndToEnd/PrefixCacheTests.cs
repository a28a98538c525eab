using AkkaCp.Pipeline.Partition;
using Microsoft.Extensions.AI;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>
/// What requests take over from earlier ones, and that nothing of it can be seen in an answer: tokens and log-probabilities are those of an
/// engine that computes every prompt whole, to the bit.
/// </summary>
public class PrefixCacheTests
{
    private const int Block = 16;
    private static readonly (string, string) s_blocks = ("kv-cache.block-size", "16");
    private static readonly SamplingOverrides s_sampling =
        new() { Temperature = 1.3f, TopP = 0.95f, Seed = 5, Logprobs = true, TopLogprobs = 2 };

    private static readonly int[] s_prompt = [.. Enumerable.Range(0, 200).Select(i => ((i * 37) + (i * i)) % 509)];
    private static readonly Lazy<Task<IReadOnlyList<Said>>> s_cold = new(ColdAsync);

    [Theory]
    [InlineData("1/1/1/1")]
    [InlineData("2/2/2/1")]
    [InlineData("3/3/3/1")]
    [InlineData("4/4/4/1")]
    public async Task SecondTurnAndBranches_ComputeTheirNewTokensAndAtMostABlock_AndSayTheSame(string layout)
    {
        await using var engine = await LocalEngine.DemoAsync(
            layout, "float32", s_blocks, ("scheduler.chunk-tokens", "64"), ("context-parallel.replicate-tokens", "4"));
        var cold = await s_cold.Value;
        var computed = new List<int>();
        foreach (var expected in cold)
        {
            var said = await SayAsync(engine, expected.Prompt);
            AssertSame(expected, said);
            computed.Add(said.Prompt.Length - said.Summary.CachedTokens);
            Assert.Equal(0, said.Summary.CachedTokens % Block);
        }

        // The second turn's 30, the branches' 50 and 3 (behind 6 that fill no block), the whole prompt again.
        Assert.Equal(200, computed[0]);
        Assert.InRange(computed[1], 30, 30 + Block);
        Assert.InRange(computed[2], 50, 50 + Block);
        Assert.InRange(computed[3], 3, 3 + Block);
        Assert.InRange(computed[4], 1, Block);
        Assert.Equal(cold.Sum(one => one.Prompt.Length) - computed.Sum(), engine.Health.CachedTokens);
    }

    [Theory]
    [InlineData("1/1/1/1")]
    [InlineData("2/2/2/1")]
    public async Task BranchesInCompany_SayWhatTheySayAlone(string layout)
    {
        await using var engine = await LocalEngine.DemoAsync(
            layout, "float32", s_blocks, ("scheduler.chunk-tokens", "32"), ("kv-cache.tokens", "2000"));
        var cold = await s_cold.Value;
        for (var round = 0; round < 3; round++)
        {
            var said = await Task.WhenAll(cold.Concat(cold).Select(one => SayAsync(engine, one.Prompt)));
            for (var i = 0; i < said.Length; i++)
                AssertSame(cold[i % cold.Count], said[i]);
            Assert.True(round == 0 || said.All(one => one.Summary.CachedTokens > 0));
        }

        Assert.Equal(2000, engine.Health.FreeKvTokens);
    }

    [Theory]
    [InlineData(30, PlacementKind.Split)]
    [InlineData(5, PlacementKind.Dealt)]
    [InlineData(2, PlacementKind.Replicated)]
    public async Task ShortAndLongSecondTurns_AreSplitDealtOrReplicatedBehindReusedBlocks(int more, PlacementKind kind)
    {
        int[] first = s_prompt[..(12 * Block)];
        int[] second = [.. first, .. Enumerable.Range(1, more)];
        await using var off = await LocalEngine.DemoAsync("1/1/1/1", "float32", s_blocks, ("kv-cache.prefix-cache", "off"));
        await using var engine = await LocalEngine.DemoAsync(
            "2/2/2/1", "float32", s_blocks, ("context-parallel.replicate-tokens", "4"));
        await SayAsync(engine, [.. first, 7]);
        var said = await SayAsync(engine, second);

        Assert.Equal(12 * Block, said.Summary.CachedTokens);
        Assert.Equal(1, said.Summary.Placement.StepsByKind[(int)kind]);
        AssertSame(await SayAsync(off, second), said);
    }

    [Fact]
    public async Task TwoSalts_NeverShare()
    {
        await using var engine = await LocalEngine.DemoAsync("1/1/1/1", "float32", s_blocks);
        foreach (var salt in new[] { null, "a", "b" })
            Assert.Equal(0, (await SayAsync(engine, s_prompt, salt)).Summary.CachedTokens);
        foreach (var salt in new[] { null, "a", "b" })
            Assert.Equal(192, (await SayAsync(engine, s_prompt, salt)).Summary.CachedTokens);
        Assert.Equal(3 * 192, engine.Health.CachedTokens);
    }

    [Fact]
    public async Task Penalties_CountReusedTokens()
    {
        var sampling = s_sampling with { RepetitionPenalty = 1.5f, PresencePenalty = 0.7f, FrequencyPenalty = 0.3f };
        await using var off = await LocalEngine.DemoAsync("1/1/1/1", "float32", s_blocks, ("kv-cache.prefix-cache", "off"));
        await using var engine = await LocalEngine.DemoAsync("2/2/2/1", "float32", s_blocks);
        await SayAsync(engine, s_prompt);
        var said = await SayAsync(engine, s_prompt, sampling: sampling);

        Assert.Equal(192, said.Summary.CachedTokens);
        AssertSame(await SayAsync(off, s_prompt, sampling: sampling), said);
    }

    [Fact]
    public async Task LogitsOfAllPositions_AreComputed_WhateverIsThere()
    {
        await using var engine = await LocalEngine.DemoAsync("2/2/2/1", "float32", s_blocks);
        var cold = await LogitsOf.AllAsync(engine, s_prompt);
        await SayAsync(engine, s_prompt);
        Assert.True(LogitsOf.HaveSameBits(cold, await LogitsOf.AllAsync(engine, s_prompt)));
    }

    [Fact]
    public async Task ChatClient_SaysHowManyTokensOfAConversationWereThere()
    {
        await using var engine = await LocalEngine.DemoAsync("2/2/2/1", "float32", s_blocks);
        using var client = new AkkaCpChatClient(engine);
        var history = new List<ChatMessage> { new(ChatRole.User, DemoQuestion.All[0].Question) };
        var first = await client.GetResponseAsync(history, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(DemoQuestion.All[0].ReferenceText, first.Text);
        Assert.Equal(0, first.Usage!.CachedInputTokenCount);

        history.AddRange(first.Messages);
        history.Add(new ChatMessage(ChatRole.User, "And now?"));
        var second = await client.GetResponseAsync(history, cancellationToken: TestContext.Current.CancellationToken);
        Assert.InRange(second.Usage!.CachedInputTokenCount!.Value, 2 * Block, second.Usage.InputTokenCount!.Value - 1);
    }

    /// <summary>A turn, the next one, two branches of it that leave inside a block, and the first turn again.</summary>
    private static async Task<IReadOnlyList<Said>> ColdAsync()
    {
        await using var engine = await LocalEngine.DemoAsync("1/1/1/1", "float32", s_blocks, ("kv-cache.prefix-cache", "off"));
        var first = await SayAsync(engine, s_prompt);
        int[] known = [.. s_prompt, .. first.Tokens];
        int[] second = [.. known, .. Enumerable.Range(100, 30)];
        int[] branch = [.. known[..150], .. Enumerable.Range(300, 50)];
        int[] shortBranch = [.. known[..(Block * 13 + 6)], 1, 2, 3];
        return
        [
            first, await SayAsync(engine, second), await SayAsync(engine, branch), await SayAsync(engine, shortBranch),
            await SayAsync(engine, s_prompt),
        ];
    }

    private static async Task<Said> SayAsync(
        InferenceEngine engine, int[] prompt, string? salt = null, SamplingOverrides? sampling = null)
    {
        var chunks = await TestModel.ToListAsync(engine.GenerateAsync(
            new GenerationRequest
            {
                Tokens = prompt,
                MaxTokens = 40,
                IgnoreEos = true,
                Sampling = sampling ?? s_sampling,
                CacheSalt = salt,
            },
            TestContext.Current.CancellationToken));
        var tokens = chunks.Where(chunk => chunk.Token is not null).ToList();
        return new Said(prompt, [.. tokens.Select(chunk => chunk.Token!.Value)], [.. tokens.SelectMany(Bits)], chunks[^1].Summary!);
    }

    private static IEnumerable<uint> Bits(GenerationChunk chunk) =>
        chunk.TopLogprobs.Select(other => other.Logprob).Prepend(chunk.Logprob!.Value).Select(BitConverter.SingleToUInt32Bits);

    private static void AssertSame(Said expected, Said found)
    {
        Assert.Equal(expected.Tokens, found.Tokens);
        Assert.Equal(expected.Logprobs, found.Logprobs);
    }

    private sealed record Said(int[] Prompt, int[] Tokens, uint[] Logprobs, GenerationSummary Summary);
}
