using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Cli.Bench;

/// <summary>The model of a measurement; layouts that are measured side by side share its weights.</summary>
internal sealed class BenchModel
{
    /// <summary>Reads config.json and what the files say of their tensors; no weight yet.</summary>
    /// <param name="directory">HF directory, or GGUF file.</param>
    /// <param name="types">Types of the weights in memory; null = the file's own.</param>
    public BenchModel(string directory, MatrixTypes? types)
    {
        Directory = directory;
        Config = ModelConfig.Load(ModelFiles.Of(directory));
        using var files = WeightFiles.Open(directory);
        Types = types ?? MatrixTypes.OfFiles(
            files, Config.TorchDtype == "bfloat16" || Config.Quantization is not null ? DType.BF16 : DType.F32);
        if (Types.KeepsCodes)
            StoredBytes = files.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.StoredBytes, StringComparer.Ordinal);
    }

    /// <summary>HF directory, or GGUF file.</summary>
    public string Directory { get; }

    /// <summary>Dimensions.</summary>
    public ModelConfig Config { get; }

    /// <summary>Types of the weights in memory.</summary>
    public MatrixTypes Types { get; }

    /// <summary>Bytes of each tensor in the files where weights keep their codes and scales, so that layouts of memory are no merit; null
    /// elsewhere.</summary>
    public IReadOnlyDictionary<string, long>? StoredBytes { get; }

    /// <summary>Type in memory of weights that keep no codes and scales.</summary>
    public DType DType => Types.Others;

    /// <summary>The type whose products have the limit of this model's: those of codes are products of bytes, as those of I8.</summary>
    public DType LimitDType => Types.HasIntegers ? DType.I8 : DType;

    /// <summary>Type of the KV pool: that of the weights, BF16 where these are integers.</summary>
    public DType KvDType => Types.Plain;

    /// <summary>Name of the type on the command line; packed where weights keep codes and scales.</summary>
    public string DTypeName => Types.KeepsCodes ? "packed" : Types.OthersName;

    /// <summary>Weights by content, each once.</summary>
    public WeightStore Weights { get; } = new();

    /// <summary>
    /// Pseudo-random token ids: the k-th stream of <paramref name="seed"/>, the same on every machine. Random weights and random tokens
    /// spread over the experts nearly evenly, which is the worst case of a product grouped by expert.
    /// </summary>
    public int[] RandomTokens(int count, int seed)
    {
        var tokens = new int[count];
        var state = 88172645463325252UL + (ulong)seed;
        for (var i = 0; i < count; i++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            tokens[i] = (int)((state >> 33) % (ulong)Config.VocabSize);
        }

        return tokens;
    }
}
