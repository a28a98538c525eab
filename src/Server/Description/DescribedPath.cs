namespace AkkaCp.Server.Description;

/// <summary>What clients are told of a path.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">The path.</param>
/// <param name="Name">Its name in clients that are made of the description.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Answer">Its answer.</param>
internal sealed record DescribedPath(string Method, string Path, string Name, string Summary, Type Answer)
{
    /// <summary>Under which chunks are described to the library, which knows one type for each status.</summary>
    public const int ChunkStatus = 299;

    /// <summary>Under which errors are, which all have one shape.</summary>
    public const int ErrorStatus = 499;

    /// <summary>Its body; null where it has none.</summary>
    public Type? Body { get; init; }

    /// <summary>A piece of its answer as a stream; null where it does not stream.</summary>
    public Type? Chunk { get; init; }

    /// <summary>Whether the same answer comes with 503, too, and without a key.</summary>
    public bool IsProbe { get; init; }
}
