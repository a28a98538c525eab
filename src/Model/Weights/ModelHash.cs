using System.Security.Cryptography;
using System.Text;
using AkkaCp.Model.Safetensors;

namespace AkkaCp.Model.Weights;

/// <summary>Tells models apart without reading their weights, so that ranks of different models refuse each other.</summary>
public static class ModelHash
{
    /// <summary>
    /// SHA-256 in hex over config.json and the names and headers of all safetensors files; equal weights are not proven by it.
    /// </summary>
    /// <exception cref="SafetensorsException">The weights cannot be opened.</exception>
    /// <exception cref="IOException">config.json cannot be read.</exception>
    public static string Compute(string directory)
    {
        using var files = SafetensorsSet.Open(directory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(File.ReadAllBytes(Path.Combine(directory, "config.json")));
        hash.AppendData(Encoding.ASCII.GetBytes(files.HeaderHash()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
