using System.Text;

namespace AkkaCp.Model.Tests.Files;

/// <summary>A safetensors file of a few bytes.</summary>
internal static class SmallWeights
{
    private const string Header = """
        {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
        "b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"F16","shape":[0],"data_offsets":[32,32]}}
        """;

    /// <summary>Its tensors.</summary>
    public static IReadOnlyList<string> Names { get; } = ["a", "b", "c"];

    /// <summary>Writes it.</summary>
    public static void Write(string path)
    {
        var header = Encoding.UTF8.GetBytes(Header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[32]]);
    }
}
