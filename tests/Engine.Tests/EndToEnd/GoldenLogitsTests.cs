using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>The whole engine against a float64 reference, at every layout that the tiny models' heads allow.</summary>
public class GoldenLogitsTests
{
    private const double Tolerance = 1e-4;
    private const double MedianToleranceOfBFloat16 = 5e-2;

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var layout in (string[])["1/1/1/1", "2/2/2/1", "2/2/1/2", "3/3/3/1", "4/2/2/1", "4/2/1/4", "4/4/4/1",
                "4/4/1/1", "4/1/1/4", "2/1/1/1"])
            {
                cases.Add("f32", layout);
            }

            cases.Add("bf16", "1/1/1/1");
            cases.Add("bf16", "4/2/2/1");
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Float32_IsTheReferenceWithinRounding(string model, string layout)
    {
        var directory = RepositoryFiles.TinyModel(model);
        await using var engine = await LocalEngine.StartAsync(directory, layout, "float32");
        foreach (var (name, tokens, golden) in Golden(directory))
        {
            var found = await LogitsOf.AllAsync(engine, tokens);
            var worst = found.Zip(golden, (a, b) => Math.Abs((double)a - b)).Max();
            Assert.True(worst <= Tolerance, $"{model} at {layout}, {name}: expected within {Tolerance}, found {worst}");
        }

        await engine.DisposeAsync();
        Assert.Equal(0, engine.LiveTensors);
    }

    [Theory]
    [InlineData("1/1/1/1")]
    [InlineData("4/2/2/1")]
    public async Task BFloat16_IsNearTheReference(string layout)
    {
        var directory = RepositoryFiles.TinyModel("f32");
        await using var engine = await LocalEngine.StartAsync(directory, layout, "bfloat16");
        foreach (var (name, tokens, golden) in Golden(directory))
        {
            var found = await LogitsOf.AllAsync(engine, tokens);
            var differences = found.Zip(golden, (a, b) => Math.Abs((double)a - b)).Order().ToArray();
            Assert.True(differences[differences.Length / 2] <= MedianToleranceOfBFloat16,
                $"{name}: median {differences[differences.Length / 2]}");
        }
    }

    private static IEnumerable<(string Name, int[] Tokens, float[] Logits)> Golden(string directory)
    {
        foreach (var file in Directory.GetFiles(Path.Combine(directory, "golden"), "tokens-*.json").Order(StringComparer.Ordinal))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            var root = json.RootElement;
            var ids = root.ValueKind == JsonValueKind.Array ? root : root.GetProperty("tokens");
            var name = Path.GetFileNameWithoutExtension(file)["tokens-".Length..];
            var logits = MemoryMarshal.Cast<byte,
                float>(File.ReadAllBytes(Path.Combine(directory, "golden", $"{name}.logits.f32"))).ToArray();
            yield return (name, [.. ids.EnumerateArray().Select(id => id.GetInt32())], logits);
        }
    }
}
