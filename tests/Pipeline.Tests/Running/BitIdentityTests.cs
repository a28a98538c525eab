using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using CsCheck;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Same TP/EP layout, same bits: whatever the CP size, chunks, batch and threads. No tolerance anywhere.</summary>
public sealed class BitIdentityTests
{
    private const int DemoVocabulary = 509;

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public async Task SevenHundredTokens_GiveTheSameBitsForEveryCpSizeChunkAndThreadCount(DType dtype)
    {
        var prompt = Prompt(700, seed: 1);
        var expected = await DemoLogitsAsync(dtype, cp: 1, threads: 1, chunk: 0, [prompt]);
        foreach (var (cp, threads, chunk) in new[]
        {
            (1, 2, 0), (2, 1, 0), (3, 1, 0), (4, 1, 0), (2, 2, 7), (1, 1, 7), (2, 1, 64), (3, 2, 64), (4, 1, 256), (1, 2, 256),
        })
        {
            var logits = await DemoLogitsAsync(dtype, cp, threads, chunk, [prompt]);
            AssertSameBits(expected[0], logits[0], $"attn_cp {cp}, {threads} threads, chunk {chunk}");
        }
    }

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("q8_0.gguf")]
    public async Task SevenHundredTokensOverGroups_GiveTheSameBitsToo(string file)
    {
        var prompt = Prompt(700, seed: 1);
        float[]? expected = null;
        foreach (var (cp, threads, chunk) in new[]
        {
            (1, 1, 0), (1, 2, 0), (2, 1, 0), (3, 1, 0), (4, 1, 0), (2, 2, 7), (1, 1, 7), (2, 1, 64), (3, 2, 64), (4, 1, 256), (1, 2, 256),
        })
        {
            await using var world = GgufWorld(file, new RankTopology(cp, cp, cp), threads);
            var logits = (await world.LogitsAsync([prompt], chunk))[0];
            AssertSameBits(expected ??= logits, logits, $"{file}: attn_cp {cp}, {threads} threads, chunk {chunk}");
        }
    }

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("q8_0.gguf")]
    public async Task PromptAmongOthersOverGroups_GivesTheBitsOfThePromptAlone(string file)
    {
        var prompts = new[] { Prompt(61, 2), Prompt(3, 3), Prompt(128, 4), Prompt(1, 5), Prompt(17, 6) };
        await using var one = GgufWorld(file, new RankTopology(1, 1, 1), threads: 1);
        await using var two = GgufWorld(file, new RankTopology(2, 2, 2), threads: 1);
        var together = await two.LogitsAsync(prompts, chunk: 32);
        for (var i = 0; i < prompts.Length; i++)
            AssertSameBits((await one.LogitsAsync([prompts[i]], chunk: 0))[0], together[i], $"{file}: prompt {i}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task PromptAmongOthers_GivesTheBitsOfThePromptAlone(int cp)
    {
        var prompts = new[] { Prompt(61, 2), Prompt(3, 3), Prompt(128, 4), Prompt(1, 5), Prompt(17, 6) };
        var together = await DemoLogitsAsync(DType.F32, cp, threads: 1, chunk: 32, prompts);
        for (var i = 0; i < prompts.Length; i++)
        {
            var alone = await DemoLogitsAsync(DType.F32, 1, threads: 1, chunk: 0, [prompts[i]]);
            AssertSameBits(alone[0], together[i], $"prompt {i} of {prompts[i].Length} tokens at attn_cp {cp}");
        }
    }

    [Fact]
    public async Task RandomLengthsChunksAndBatches_GiveTheSameBitsOnAllCpSizes()
    {
        await using var one = TinyWorld(1);
        var others = new List<RankWorld> { TinyWorld(2), TinyWorld(3), TinyWorld(4) };
        try
        {
            var cases = Gen.Select(Gen.Int[1, 90].Array[1, 4], Gen.Int[0, 40], Gen.Int[0, 2]);
            await cases.SampleAsync(
                async (lengths, chunk, world) =>
                {
                    var prompts = lengths.Select((length, i) => Prompt(length, (length * 31) + i)).ToArray();
                    var expected = await one.LogitsAsync(prompts, chunk: 0);
                    var actual = await others[world].LogitsAsync(prompts, chunk);
                    for (var i = 0; i < prompts.Length; i++)
                        AssertSameBits(expected[i], actual[i], $"prompt {i} at attn_cp {world + 2}, chunk {chunk}");
                },
                iter: 40, threads: 1, seed: "0000KhV9mE31");
        }
        finally
        {
            foreach (var world in others)
                await world.DisposeAsync();
        }
    }

    [Fact]
    public async Task SameTensorAndExpertParts_GiveTheSameBitsWithAndWithoutContextParallelism()
    {
        var prompt = Prompt(101, 9);
        await using var tp2 = new RankWorld(RepositoryFiles.DemoModel, new RankTopology(2, 1, 1, 1), DType.F32);
        await using var reference = new RankWorld(RepositoryFiles.DemoModel, new RankTopology(4, 2, 2, 1), DType.F32);
        AssertSameBits(
            (await tp2.LogitsAsync([prompt], 0))[0], (await reference.LogitsAsync([prompt], 32))[0], "2/1/1/1 against 4/2/2/1");
    }

    private static RankWorld GgufWorld(string file, RankTopology topology, int threads) => new(
        GgufModels.PathOf(file), topology, TypesOf.File(GgufModels.PathOf(file)), new RankWorldOptions { Threads = threads });

    private static RankWorld TinyWorld(int cp) =>
        new(RepositoryFiles.TinyModel("f32"), new RankTopology(cp, cp, cp), DType.F32);

    private static async Task<float[][]> DemoLogitsAsync(DType dtype, int cp, int threads, int chunk, int[][] prompts)
    {
        await using var world = new RankWorld(
            RepositoryFiles.DemoModel, new RankTopology(cp, cp, cp), dtype, new RankWorldOptions { Threads = threads });
        return await world.LogitsAsync(prompts, chunk);
    }

    private static int[] Prompt(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(DemoVocabulary))];
    }

    private static void AssertSameBits(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what}: logit {i % 512} of position {i / 512} is {actual[i]:r}, expected {expected[i]:r}");
        }
    }
}
