using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>A damaged weight that a request touches fails that request by name; no number that is none is ever given as a logit.</summary>
public class NonFiniteWeightTests
{
    private const int HiddenSize = 64;
    private static readonly int[] s_tokens = [.. Enumerable.Range(0, 24).Select(i => (int)(((i * 2654435761L) + 12345) % 509))];

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(23)]
    public async Task Logits_WhereAnyRowIsNoNumber_FailByName(int bad)
    {
        // Of the last norm on, rows are apart: the damage is in this one row alone, wherever in the prompt it is.
        using var model = new DamagedModel("model.embed_tokens.weight", s_tokens[bad] * HiddenSize, float.NaN);
        await using var engine = await LocalEngine.StartAsync(model.Path, "2/2/2/1", "float32");

        var error = await Assert.ThrowsAsync<GenerationException>(() => LogitsOf.AllAsync(engine, s_tokens));

        Assert.Equal(FailureKind.Fault, error.Kind);
        Assert.Contains("NonFiniteLogits", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1/1/1/1", "float32")]
    [InlineData("2/2/2/1", "int8")]
    [InlineData("4/2/2/1", "bfloat16")]
    public async Task RequestsBesideADamagedOne_KeepTheirBits(string layout, string dtype)
    {
        var damaged = Enumerable.Range(0, 509).Except(s_tokens).Take(8).ToArray();
        await using var clean = await LocalEngine.StartAsync(RepositoryFiles.TinyModel("f32"), layout, dtype);
        var (logits, text) = (await LogitsOf.AllAsync(clean, s_tokens), await TokensAsync(clean, s_tokens));
        using var model = new DamagedModel("model.embed_tokens.weight", damaged[0] * HiddenSize, float.NaN);
        await using var engine = await LocalEngine.StartAsync(model.Path, layout, dtype);

        // Several rounds, so that the pool's blocks pass from damaged requests to healthy ones.
        for (var round = 0; round < 4; round++)
        {
            var failing = Enumerable.Range(0, 3)
                .Select(_ => Assert.ThrowsAsync<GenerationException>(() => TokensAsync(engine, damaged))).ToList();
            var beside = TokensAsync(engine, s_tokens);
            var rows = LogitsOf.AllAsync(engine, s_tokens);

            Assert.True(LogitsOf.HaveSameBits(logits, await rows));
            Assert.Equal(text, await beside);
            Assert.All(await Task.WhenAll(failing), error => Assert.Contains("NonFiniteLogits", error.Message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Int4_RefusesAWeightThatIsNoNumberByItsTensor()
    {
        using var model = new DamagedModel("model.layers.0.self_attn.q_proj.weight", 5, float.NaN);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => LocalEngine.StartAsync(model.Path, "1/1/1/1", "int4"));
        Assert.Contains(
            "model.layers.0.self_attn.q_proj.weight: expected magnitudes up to 65504 for int4, found NaN", error.Message,
            StringComparison.Ordinal);
    }

    /// <summary>Every tensor of a model in turn: an expert's weights are touched by some tokens only, an embedding's by one.</summary>
    [Theory]
    [InlineData("float32", float.NaN)]
    [InlineData("bfloat16", float.NaN)]
    [InlineData("int8", float.NaN)]
    [InlineData("float32", float.PositiveInfinity)]
    [InlineData("int8", float.NegativeInfinity)]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public async Task OneDamagedWeightOfAnyTensor_IsNamedOrChangesNothing(string dtype, float value)
    {
        var random = new Rng(12);
        await using var clean = await LocalEngine.StartAsync(RepositoryFiles.TinyModel("f32"), "1/1/1/1", dtype);
        var (logits, text) = (await LogitsOf.AllAsync(clean, s_tokens), await TokensAsync(clean, s_tokens));
        var named = 0;
        foreach (var tensor in CaseShare.Of(DamagedModel.Tensors))
        {
            using var model = new DamagedModel(tensor, random.Next(DamagedModel.LengthOf(tensor)), value);
            await using var engine = await LocalEngine.StartAsync(model.Path, "1/1/1/1", dtype);
            if (await FaultOfAsync(async () =>
                Assert.True(LogitsOf.HaveSameBits(logits, await LogitsOf.AllAsync(engine, s_tokens)), tensor)))
            {
                named++;
            }

            await FaultOfAsync(async () => Assert.Equal(text, await TokensAsync(engine, s_tokens)));
        }

        Assert.True(named > 1, $"{named} tensors were named");
    }

    private static async Task<bool> FaultOfAsync(Func<Task> request)
    {
        try
        {
            await request();
            return false;
        }
        catch (GenerationException error)
        {
            Assert.Contains("NonFiniteLogits", error.Message, StringComparison.Ordinal);
            return true;
        }
    }

    private static async Task<int[]> TokensAsync(InferenceEngine engine, int[] prompt)
    {
        var request = new GenerationRequest
        {
            Tokens = prompt,
            MaxTokens = 4,
            IgnoreEos = true,
            Sampling = new SamplingOverrides { Temperature = 0 },
        };
        var chunks = await TestModel.ToListAsync(engine.GenerateAsync(request, TestContext.Current.CancellationToken));
        return [.. chunks.Select(chunk => chunk.Token).OfType<int>()];
    }
}
