using System.Runtime.InteropServices;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>Quantised directories in Hugging Face's layout against a float64 reference over the same values.</summary>
public class QuantizedGoldenTests
{
    private const double Tolerance = 2e-4;

    // Of its logits of a Q4_0 file of the same kind of model, against float64 over the same values.
    private const double MedianOfLlamaCpp = 0.0265;

    private static readonly int[] s_lengths = [1, 7, 40];

    [Theory]
    [InlineData("awq", "1/1/1/1")]
    [InlineData("awq", "4/2/2/1")]
    [InlineData("fp8-block", "1/1/1/1")]
    [InlineData("fp8-block", "4/2/2/1")]
    public async Task Float32_IsTheReferenceWithinRounding(string name, string layout)
    {
        await using var engine = await LocalEngine.StartAsync(PathOf(name), layout, "float32");
        foreach (var length in s_lengths)
        {
            var worst = (await DifferencesAsync(engine, name, length)).Max();
            Assert.True(worst <= Tolerance, $"{name} at {layout}, {length} tokens: expected within {Tolerance}, found {worst}");
        }
    }

    [Theory]
    [InlineData("awq")]
    [InlineData("fp8-block")]
    public async Task Default_IsNearerTheReferenceThanLlamaCppIsWithFourBits(string name)
    {
        await using var engine = await InferenceEngine.StartAsync(
            new EngineOptions { ModelPath = PathOf(name) }, TestContext.Current.CancellationToken);
        var all = new List<double>();
        foreach (var length in s_lengths)
            all.AddRange(await DifferencesAsync(engine, name, length));
        all.Sort();

        Assert.InRange(all[all.Count / 2], 0, MedianOfLlamaCpp);
    }

    [Theory]
    [InlineData("awq")]
    [InlineData("fp8-block")]
    public async Task Layouts_GiveTheSameBits(string name)
    {
        var tokens = GgufModels.Prompt(40);
        float[]? first = null;
        foreach (var (layout, chunk) in ((string, string)[])[("1/1/1/1", "0"), ("2/2/2/1", "0"), ("3/3/3/1", "7")])
        {
            await using var engine = await LocalEngine.StartAsync(PathOf(name), layout, "auto", ("scheduler.chunk-tokens", chunk));
            var logits = await LogitsOf.AllAsync(engine, tokens);
            Assert.True(LogitsOf.HaveSameBits(first ??= logits, logits), $"{name} at {layout}, chunks of {chunk}");
        }
    }

    private static async Task<IEnumerable<double>> DifferencesAsync(InferenceEngine engine, string name, int length)
    {
        var golden = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(PathOf(name, "golden", $"n{length}.float64.f32"))).ToArray();
        var found = await LogitsOf.AllAsync(engine, GgufModels.Prompt(length));
        Assert.Equal(golden.Length, found.Length);
        return found.Zip(golden, (a, b) => Math.Abs((double)a - b));
    }

    private static string PathOf(params ReadOnlySpan<string> parts) =>
        Path.Combine([RepositoryFiles.Root, "tests", "models", "hf-quant", .. parts]);
}
