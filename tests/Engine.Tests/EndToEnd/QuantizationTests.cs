using AkkaCp.Model.Synth;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>
/// How far int8 weights and activations move the next-token distributions of bfloat16. Bounds are about twice what was measured
/// (docs/quantization.md); a lower bound shows that bytes, not bfloat16, were multiplied.
/// </summary>
public sealed class QuantizationTests : IDisposable
{
    private const int DemoTexts = 25;
    private const int SynthTokens = 512;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("akkacp-int8-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("1/1/1/1")]
    [InlineData("4/2/2/1")]
    public async Task DemoPromptsAndAnswers_DivergeLittle(string layout)
    {
        var (bf16, vocabulary) = await DemoLogitsAsync(layout, "bfloat16");
        var (int8, _) = await DemoLogitsAsync(layout, "int8");

        var found = Divergence.Of([.. bf16.Zip(int8)], vocabulary);

        Assert.True(found is { Mean: > 5e-6 and < 1e-4, P99: < 2e-3, Largest: < 2e-2, SameTop: > 0.96 }, $"{layout}: {found}");
    }

    // A random router has near ties: where rounding makes a token visit another expert, its row says something else.
    [Fact]
    public async Task RandomWeights_DivergeLittle_ButWhereAnotherExpertIsChosen()
    {
        var model = Path.Combine(_folder.FullName, "tiny");
        SynthModel.Write("tiny", null, 0, DType.BF16, model);
        var bf16 = await RandomLogitsAsync(model, "bfloat16");
        var int8 = await RandomLogitsAsync(model, "int8");

        var found = Divergence.Of([(bf16, int8)], SynthPreset.Named("tiny").VocabSize);

        Assert.True(found is { Median: > 1e-4 and < 1e-2, Mean: < 0.12, SameTop: > 0.8 }, $"{found}");
    }

    private static async Task<(List<float[]> Logits, int Vocabulary)> DemoLogitsAsync(string layout, string dtype)
    {
        await using var engine = await LocalEngine.DemoAsync(layout, dtype);
        var logits = new List<float[]>();
        foreach (var question in DemoQuestion.All.Take(DemoTexts))
        {
            var prompt = engine.Encode(TestModel.Ask(question.Question));
            logits.Add(await LogitsOf.AllAsync(engine, [.. prompt.Tokens, .. question.ReferenceTokens]));
        }

        return (logits, engine.VocabSize);
    }

    private static async Task<float[]> RandomLogitsAsync(string directory, string dtype)
    {
        await using var engine = await LocalEngine.StartAsync(directory, "1/1/1/1", dtype);
        var tokens = Enumerable.Range(0, SynthTokens).Select(i => (int)((i * 2654435761L >> 7) % engine.VocabSize));
        return await LogitsOf.AllAsync(engine, [.. tokens]);
    }
}
