namespace AkkaCp.Model.Configuration;

/// <summary>A config.json cannot be used; every reason is listed, not only the first.</summary>
public sealed class ModelConfigException : Exception
{
    /// <summary>Gathers what is wrong with one file.</summary>
    /// <param name="file">Path of the config.json.</param>
    /// <param name="reasons">One sentence each: key, expected, found.</param>
    public ModelConfigException(string file, IReadOnlyList<string> reasons)
        : base($"{file}: {string.Join("; ", reasons)}.")
    {
        File = file;
        Reasons = reasons;
    }

    /// <summary>Path of the config.json.</summary>
    public string File { get; }

    /// <summary>One sentence for each mistake.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
