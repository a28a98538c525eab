using System.Runtime.InteropServices;
using System.Text.Json;
using AkkaCp.Testing;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Prompts of a tiny model with the logits that a float64 reference computed.</summary>
internal sealed class GoldenModel(string dtype)
{
    public static readonly int[] Lengths = [1, 7, 16, 33, 100, 257];

    public string Directory { get; } = RepositoryFiles.TinyModel(dtype);

    public int[] Tokens(int length)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Directory, "golden", $"tokens-n{length}.json")));
        var tokens = json.RootElement.ValueKind == JsonValueKind.Array ? json.RootElement : json.RootElement.GetProperty("tokens");
        return [.. tokens.EnumerateArray().Select(token => token.GetInt32())];
    }

    public float[] Logits(int length) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(Directory, "golden", $"n{length}.logits.f32"))).ToArray();
}
