using System.Runtime.InteropServices;

namespace AkkaCp.Testing;

/// <summary>GGUF files that llama.cpp or ggml quantised, with logits that a float64 reference computed of the same values.</summary>
public static class GgufModels
{
    private const int VocabSize = 512;
    private const int SpecialTokens = 3;

    /// <summary>Lengths of the prompts.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [1, 7, 44];

    /// <summary>A file of the folder.</summary>
    public static string PathOf(string file) => Path.Combine(RepositoryFiles.Root, "tests", "models", "gguf", file);

    /// <summary>The prompt of a length.</summary>
    public static int[] Prompt(int length)
    {
        var state = 88172645463325252UL + (ulong)length;
        var tokens = new int[length];
        for (var i = 0; i < length; i++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            tokens[i] = (int)((state >> 33) % (VocabSize - SpecialTokens));
        }

        return tokens;
    }

    /// <summary>[length, vocabulary] logits of a prompt; <paramref name="name"/> as in the folder's list.</summary>
    public static float[] Logits(string name, int length) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(PathOf($"{name}.n{length}.float64.f32"))).ToArray();
}
