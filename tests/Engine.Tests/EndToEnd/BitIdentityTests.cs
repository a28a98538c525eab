using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>The same tp and ep give the same bits, however a prompt is cut, spread and mixed. No tolerance.</summary>
public class BitIdentityTests
{
    private static readonly int[] s_tokens = [.. Enumerable.Range(0, 700).Select(i => (int)(((i * 2654435761L) + 12345) % 509))];
    private static readonly Lazy<Task<float[]>> s_alone = new(() => LogitsAsync("1/1/1/1", "float32"));

    [Theory]
    [InlineData("2/2/2/1")]
    [InlineData("3/3/3/1")]
    [InlineData("4/4/4/1")]
    public async Task AnyNumberOfContextParallelRanks_GivesTheSameBits(string layout) =>
        await AssertSameAsync(await LogitsAsync(layout, "float32"));

    [Theory]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(0)]
    public async Task AnyChunkSize_GivesTheSameBits(int chunk) =>
        await AssertSameAsync(await LogitsAsync("2/2/2/1", "float32", ("scheduler.chunk-tokens", $"{chunk}")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AnyNumberOfThreads_GivesTheSameBits(int threads) =>
        await AssertSameAsync(await LogitsAsync("2/2/2/1", "float32", ("device.threads", $"{threads}")));

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    [InlineData("int4")]
    public async Task CompanyOfOtherRequests_ChangesNoBit(string dtype)
    {
        var alone = await LogitsAsync("2/2/2/1", dtype);
        await using var engine = await LocalEngine.DemoAsync("2/2/2/1", dtype, ("scheduler.chunk-tokens", "64"));

        var others = DemoQuestion.All.Take(24).Select(question => TestModel.ToListAsync(engine.GenerateAsync(
            TestModel.Ask(question.Question) with { MaxTokens = 60, IgnoreEos = true }, TestContext.Current.CancellationToken)))
                .ToList();
        var among = await LogitsOf.AllAsync(engine, s_tokens);
        await Task.WhenAll(others);

        Assert.True(LogitsOf.HaveSameBits(alone, among));
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("int4")]
    public async Task Integers_AtAnyContextParallelSizeChunkAndThreadCount_GiveTheSameBits(string dtype)
    {
        var one = await LogitsAsync("1/1/1/1", dtype);
        foreach (var (layout, chunk, threads) in new[] { ("2/2/2/1", 0, 1), ("3/3/3/1", 64, 2), ("4/4/4/1", 7, 1) })
        {
            var found = await LogitsAsync(layout, dtype, ("scheduler.chunk-tokens", $"{chunk}"), ("device.threads", $"{threads}"));
            Assert.True(LogitsOf.HaveSameBits(one, found), $"{layout}, chunks of {chunk}, {threads} threads");
        }
    }

    private static async Task AssertSameAsync(float[] found) => Assert.True(LogitsOf.HaveSameBits(await s_alone.Value, found));

    private static async Task<float[]> LogitsAsync(string layout, string dtype, params (string Key, string Value)[] overrides)
    {
        await using var engine = await LocalEngine.DemoAsync(layout, dtype, overrides);
        return await LogitsOf.AllAsync(engine, s_tokens);
    }
}
