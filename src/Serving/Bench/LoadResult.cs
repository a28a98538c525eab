namespace AkkaCp.Serving.Bench;

/// <summary>The median times of loading and of reading, with a warm file cache.</summary>
internal sealed record LoadResult
{
    /// <summary>Bytes of all safetensors files.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of the weights in memory.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Threads that load, and that read.</summary>
    public required int Threads { get; init; }

    /// <summary>From the open directory to packed weights.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Reading every byte into a block that is used again.</summary>
    public required double ReadSeconds { get; init; }

    /// <summary>Reading every byte into memory that is as large as the files.</summary>
    public required double ReadAndKeepSeconds { get; init; }
}
