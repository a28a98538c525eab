namespace AkkaCp.Model.Safetensors;

/// <summary>A safetensors file, or the set of shards that an index names, breaks the format.</summary>
public sealed class SafetensorsException : Exception
{
    /// <summary>Says which file, where in it, what the format asks for and what is there.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="tensor">Tensor name, or "header", "__metadata__", "weight_map".</param>
    /// <param name="expected">What the format asks for.</param>
    /// <param name="found">What is there.</param>
    /// <param name="inner">The error that made it known.</param>
    public SafetensorsException(string file, string tensor, string expected, string found, Exception? inner = null)
        : base($"{file}: {tensor}: expected {expected}, found {found}.", inner)
    {
        File = file;
        Tensor = tensor;
        Expected = expected;
        Found = found;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Tensor name, or "header", "__metadata__", "weight_map".</summary>
    public string Tensor { get; }

    /// <summary>What the format asks for.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }
}
