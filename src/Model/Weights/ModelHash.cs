using System.Security.Cryptography;
using System.Text;
using AkkaCp.Model.Safetensors;

namespace AkkaCp.Model.Weights;

/// <summary>Tells models apart with few reads, so that ranks of different models refuse each other.</summary>
public static class ModelHash
{
    // Of a fine-tuned model nearly every number differs from its parent's: a few of each tensor are enough to tell them apart.
    private const int SampleBytes = 64;

    /// <summary>
    /// SHA-256 in hex over config.json, the names and headers of all safetensors files, and the first and the middle bytes of every
    /// tensor. Models that differ in single weights elsewhere have the same hash.
    /// </summary>
    /// <exception cref="SafetensorsException">The weights cannot be opened.</exception>
    /// <exception cref="IOException">config.json cannot be read.</exception>
    public static string Compute(string directory)
    {
        using var files = SafetensorsSet.Open(directory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(File.ReadAllBytes(Path.Combine(directory, "config.json")));
        hash.AppendData(Encoding.ASCII.GetBytes(files.HeaderHash()));
        foreach (var name in files.TensorNames.Order(StringComparer.Ordinal))
        {
            AppendSamples(hash, files.FileOf(name)!, name);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void AppendSamples(IncrementalHash hash, SafetensorsFile file, string name)
    {
        Span<byte> sample = stackalloc byte[SampleBytes];
        var tensor = file.Tensor(name);
        var bytes = tensor.End - tensor.Begin;
        sample = sample[..(int)Math.Min(sample.Length, bytes)];
        foreach (var offset in (ReadOnlySpan<long>)[0, (bytes - sample.Length) / 2])
        {
            file.ReadBytes(name, offset, sample);
            hash.AppendData(sample);
        }
    }
}
