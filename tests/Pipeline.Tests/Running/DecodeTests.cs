using System.Runtime.InteropServices;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Sampling;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// What a request is told does not depend on how it came to it: decode rows continue with the tokens and the bits that computing each
/// longer prompt from scratch gives.
/// </summary>
public sealed class DecodeTests
{
    private const int Count = 20;
    private const int Chunk = 7;
    private const int VocabSize = 512;

    private static readonly SamplingOptions s_seeded = new() { Temperature = 0.8f, TopK = 50, TopP = 0.95f, MinP = 0.01f, Seed = 42 };

    private static readonly SamplingOptions s_penalised = new()
    {
        Temperature = 0.7f,
        RepetitionPenalty = 1.4f,
        PresencePenalty = 0.7f,
        FrequencyPenalty = 0.6f,
        Seed = 7,
    };

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public async Task DecodeRows_GiveTheTokensAndBitsOfEachPrefixFromScratch(DType dtype)
    {
        await using var one = NewWorld(1, dtype);
        var expected = new List<(int[] Tokens, float[][] Logits)>();
        foreach (var request in Requests())
            expected.Add(await FromScratchAsync(one, request));

        foreach (var cp in new[] { 1, 2, 3 })
        {
            await using var world = NewWorld(cp, dtype);
            var together = Requests(firstRequest: 1000);
            await Generation.RunAsync(world, together, Chunk, Count);
            var alone = Requests(firstRequest: 2000);
            foreach (var request in alone)
                await Generation.RunAsync(world, [request], chunk: 0, Count);

            for (var i = 0; i < expected.Count; i++)
            {
                AssertContinues(expected[i], world, together[i], $"request {i} among others at attn_cp {cp}");
                AssertContinues(expected[i], world, alone[i], $"request {i} alone at attn_cp {cp}");
                Assert.Equal([PlacementKind.Replicated], alone[i].DecodePlacements);
            }

            Assert.Contains(
                cp == 1 ? PlacementKind.Replicated : PlacementKind.Dealt, together.SelectMany(request => request.DecodePlacements));
            Assert.Empty(world.Leaks);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, Chunk)]
    [InlineData(2, Chunk)]
    [InlineData(3, 30)]
    public async Task ResumedRequest_ContinuesWithTheSameTokens(int cp, int chunk)
    {
        await using var first = NewWorld(2, DType.F32);
        var whole = Requests();
        await Generation.RunAsync(first, whole, Chunk, Count);

        await using var second = NewWorld(cp, DType.F32);
        foreach (var emitted in new[] { 1, 8, Count - 1 })
        {
            var resumed = whole.Select(request => new Generation(
                (100 * emitted) + request.Request, request.Prompt, request.Sampling, [.. request.Output.Take(emitted)])).ToArray();
            await Generation.RunAsync(second, resumed, chunk, Count);
            foreach (var (expected, found) in whole.Zip(resumed))
                Assert.Equal(expected.Output, found.Output);
        }
    }

    // The rank's history of a request is built from chunks; the sampler's from the whole prompt and output at once.
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, Chunk)]
    [InlineData(3, 1)]
    public async Task Penalties_CountPromptAndOutputAcrossChunks(int cp, int chunk)
    {
        await using var world = NewWorld(cp, DType.F32);
        var requests = Requests().Where(request => request.Sampling == s_penalised).ToArray();
        await Generation.RunAsync(world, requests, chunk, Count);

        var sampler = new Sampler(VocabSize);
        var (differsAsOutput, differsWithoutPrompt, differsWithoutOutput) = (0, 0, 0);
        foreach (var request in requests)
        {
            var logits = world.Logits.Take(request.Request, request.Rows);
            for (var n = 0; n < Count; n++)
            {
                var position = request.Prompt.Length + n;
                var row = logits.AsMemory((position - 1) * VocabSize, VocabSize);
                int[] output = [.. request.Output.Take(n)];
                Assert.Equal(Sample(new TokenCounts(request.Prompt, output)), request.Output[n]);
                differsAsOutput += Sample(new TokenCounts([], [.. request.Prompt, .. output])) == request.Output[n] ? 0 : 1;
                differsWithoutPrompt += Sample(new TokenCounts([], output)) == request.Output[n] ? 0 : 1;
                differsWithoutOutput += Sample(new TokenCounts(request.Prompt)) == request.Output[n] ? 0 : 1;

                int Sample(TokenCounts counts) => sampler.Sample(row.Span, request.Sampling, position, counts).Id;
            }
        }

        // The case tells right counts from wrong ones.
        Assert.True(differsAsOutput > 0 && differsWithoutPrompt > 0 && differsWithoutOutput > 0,
            $"{differsAsOutput}, {differsWithoutPrompt}, {differsWithoutOutput} tokens differ with wrong counts");
    }

    private static RankWorld NewWorld(int cp, DType dtype) => new(
        RepositoryFiles.TinyModel("f32"), new RankTopology(cp, cp, cp), dtype, new RankWorldOptions { Blocks = 256 });

    /// <summary>Four prompts of different lengths, so that some decode while others are still in their prompt.</summary>
    private static Generation[] Requests(long firstRequest = 1) =>
    [
        new(firstRequest, Prompt(23, 512), SamplingOptions.Greedy),
        new(firstRequest + 1, Prompt(40, 60), s_penalised),
        new(firstRequest + 2, Prompt(3, 512), s_seeded),
        new(firstRequest + 3, Prompt(61, 40), s_penalised),
    ];

    private static int[] Prompt(int length, int below)
    {
        var random = new Rng((ulong)length);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(below))];
    }

    /// <summary>Each token from a new request whose whole text so far is computed in one step.</summary>
    private static async Task<(int[] Tokens, float[][] Logits)> FromScratchAsync(RankWorld world, Generation request)
    {
        var (tokens, logits) = (new List<int>(), new List<float[]>());
        for (var n = 0; n < Count; n++)
        {
            var id = (request.Request * 1000) + n;
            var prefix = new Generation(id, request.Prompt, request.Sampling, [.. tokens]);
            await Generation.RunAsync(world, [prefix], chunk: 0, n + 1);
            Assert.Equal(request.Prompt.Length + n, prefix.Rows);
            tokens.Add(prefix.Output[n]);
            logits.Add(world.Logits.Take(id, prefix.Rows)[^VocabSize..]);
            world.Script.Release(id);
        }

        return ([.. tokens], [.. logits]);
    }

    private static void AssertContinues((int[] Tokens, float[][] Logits) expected, RankWorld world, Generation found, string what)
    {
        Assert.Equal(expected.Tokens, found.Output);
        var logits = world.Logits.Take(found.Request, found.Rows);
        for (var n = 0; n < Count; n++)
        {
            var row = logits.AsSpan((found.Prompt.Length - 1 + n) * VocabSize, VocabSize);
            Assert.True(Bits(row).SequenceEqual(Bits(expected.Logits[n])), $"{what}: logits of output token {n} differ");
        }

        world.Script.Release(found.Request);
    }

    private static ReadOnlySpan<int> Bits(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, int>(values);
}
