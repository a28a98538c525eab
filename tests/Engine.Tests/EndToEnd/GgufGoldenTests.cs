using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>GGUF files against a float64 reference over the same values.</summary>
public class GgufGoldenTests
{
    private const double Tolerance = 2e-4;

    // Median differences of llama.cpp's own logits, over all prompts of a file.
    private const double Share = 1.1;

    [Theory]
    [InlineData("q4_k_m", "q4_k_m.gguf", "1/1/1/1")]
    [InlineData("q4_k_m", "q4_k_m.gguf", "4/2/2/1")]
    [InlineData("dense-q4_k_m", "dense-q4_k_m.gguf", "2/2/2/1")]
    [InlineData("mixed", "mixed.gguf", "1/1/1/1")]
    [InlineData("mixed", "mixed.gguf", "3/3/1/3")]
    [InlineData("split", "split-00001-of-00003.gguf", "2/1/1/1")]
    [InlineData("q8_0", "q8_0.gguf", "2/1/1/1")]
    [InlineData("q4_0", "q4_0.gguf", "1/1/1/1")]
    public async Task Float32_IsTheReferenceWithinRounding(string name, string file, string layout)
    {
        await using var engine = await LocalEngine.StartAsync(GgufModels.PathOf(file), layout, "float32");
        foreach (var length in GgufModels.Lengths)
        {
            var worst = Differences(await LogitsOf.AllAsync(engine, GgufModels.Prompt(length)), name, length).Max();
            Assert.True(worst <= Tolerance, $"{file} at {layout}, {length} tokens: expected within {Tolerance}, found {worst}");
        }
    }

    [Theory]
    [InlineData("q4_k_m", "q4_k_m.gguf", 0.0532)]
    [InlineData("dense-q4_k_m", "dense-q4_k_m.gguf", 0.0341)]
    [InlineData("mixed", "mixed.gguf", 0.0507)]
    [InlineData("split", "split-00002-of-00003.gguf", 0.0179)]
    [InlineData("q8_0", "q8_0.gguf", 0.0263)]
    [InlineData("q4_0", "q4_0.gguf", 0.0271)]
    public async Task Default_IsNearerTheReferenceThanLlamaCpp(string name, string file, double medianOfLlamaCpp)
    {
        await using var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = GgufModels.PathOf(file) }, TestContext.Current.CancellationToken);
        var all = new List<double>();
        foreach (var length in GgufModels.Lengths)
            all.AddRange(Differences(await LogitsOf.AllAsync(engine, GgufModels.Prompt(length)), name, length));
        all.Sort();

        Assert.InRange(all[all.Count / 2], 0, Share * medianOfLlamaCpp);
    }

    [Fact]
    public async Task ActivationsInFloat32_AreTheReferenceWithinRounding()
    {
        await using var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = GgufModels.PathOf("q4_k_m.gguf"), Activations = "f32" }, TestContext.Current.CancellationToken);

        Assert.InRange(Differences(await LogitsOf.AllAsync(engine, GgufModels.Prompt(44)), "q4_k_m", 44).Max(), 0, Tolerance);
    }

    [Theory]
    [InlineData("q4_k_m.gguf")]
    [InlineData("q8_0.gguf")]
    [InlineData("mixed.gguf")]
    public async Task Layouts_GiveTheSameBits(string file)
    {
        var tokens = GgufModels.Prompt(44);
        float[]? first = null;
        foreach (var (layout, chunk) in ((string, string)[])[("1/1/1/1", "0"), ("2/2/2/1", "0"), ("3/3/3/1", "7"), ("4/4/4/1", "16")])
        {
            await using var engine = await LocalEngine.StartAsync(
                GgufModels.PathOf(file), layout, "auto", ("scheduler.chunk-tokens", chunk));
            var logits = await LogitsOf.AllAsync(engine, tokens);
            Assert.True(LogitsOf.HaveSameBits(first ??= logits, logits), $"{file} at {layout}, chunks of {chunk}");
        }
    }

    [Fact]
    public async Task Chat_EndsAtTheFilesTokens()
    {
        await using var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = GgufModels.PathOf("q4_k_m.gguf") }, TestContext.Current.CancellationToken);
        var request = new GenerationRequest { Messages = [new PromptMessage("user", "hello")], MaxTokens = 3 };
        var chunks = new List<GenerationChunk>();
        await foreach (var chunk in engine.GenerateAsync(request, TestContext.Current.CancellationToken))
            chunks.Add(chunk);

        Assert.Equal("q4_k_m", engine.ModelName);
        Assert.NotEmpty(chunks);
    }

    private static IEnumerable<double> Differences(float[] found, string name, int length)
    {
        var golden = GgufModels.Logits(name, length);
        Assert.Equal(golden.Length, found.Length);
        return found.Zip(golden, (a, b) => Math.Abs((double)a - b));
    }
}
