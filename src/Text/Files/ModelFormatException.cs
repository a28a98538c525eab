namespace AkkaCp.Text.Files;

/// <summary>A file of a model directory is not what the format asks for.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Says which file, where in it, what is expected there and what was found.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="where">Key, tensor name or byte offset.</param>
    /// <param name="expected">What the format asks for.</param>
    /// <param name="found">What is there.</param>
    public ModelFormatException(string file, string where, string expected, string found)
        : this(file, where, expected, found, null)
    {
    }

    /// <summary>As above, with the error that made it known.</summary>
    public ModelFormatException(string file, string where, string expected, string found, Exception? inner)
        : base($"{file}: {where}: expected {expected}, found {found}.", inner)
    {
        File = file;
        Where = where;
        Expected = expected;
        Found = found;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Key, tensor name or byte offset.</summary>
    public string Where { get; }

    /// <summary>What the format asks for.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }
}
