using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Pipeline.Tests.Running;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>The reference of the variants is itself held to numbers that another program computed in float64 and stored as F32.</summary>
public sealed class ReferenceModelTests
{
    /// <summary>Values up to about 10, rounded to F32 when they were stored.</summary>
    private const double StoredRounding = 2e-6;

    /// <summary>Router weights are stored with nine digits.</summary>
    private const double StoredDigits = 2e-9;

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void GoldenPrompts_GiveTheStoredLogitsResidualsAndRoutes(string file)
    {
        var golden = new GoldenModel(file);
        using var model = new ReferenceModel(golden.Directory);
        foreach (var length in GoldenModel.Lengths)
        {
            var forward = model.Forward(golden.Tokens(length));
            AssertNear(golden.Logits(length), forward.Logits.SelectMany(row => row), $"logits, {length} tokens");
            AssertNear(
                ReadFloats(golden.Directory, $"n{length}.hidden.f32"), forward.Hidden.SelectMany(layer => layer.SelectMany(row => row)),
                $"residuals, {length} tokens");
            AssertRoutes(golden.Directory, length, forward);
        }
    }

    private static void AssertRoutes(string directory, int length, ReferenceForward forward)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(directory, "golden", $"n{length}.router.json")));
        var layer = 0;
        foreach (var expected in json.RootElement.EnumerateArray())
        {
            Assert.Equal(
                expected.GetProperty("experts").EnumerateArray().Select(row => row.EnumerateArray().Select(e => e.GetInt32()).ToArray()),
                forward.Routes[layer]);
            var weights = expected.GetProperty("weights").EnumerateArray().SelectMany(row => row.EnumerateArray());
            foreach (var (stored, found) in weights.Zip(forward.RouteWeights[layer].SelectMany(row => row)))
                Assert.Equal(stored.GetDouble(), found, StoredDigits);

            layer++;
        }

        Assert.Equal(forward.Routes.Count, layer);
    }

    private static float[] ReadFloats(string directory, string name) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(directory, "golden", name))).ToArray();

    private static void AssertNear(float[] expected, IEnumerable<double> actual, string what)
    {
        var found = actual.ToArray();
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < found.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= StoredRounding, $"{what}: value {i} is {found[i]:r}, stored {expected[i]:r}");
    }
}
