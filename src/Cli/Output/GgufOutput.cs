namespace AkkaCp.Cli.Output;

/// <summary>A GGUF file that a command is to write.</summary>
internal static class GgufOutput
{
    private const string Ending = ".gguf";

    /// <summary>The full path of --output.</summary>
    /// <exception cref="UsageException">
    /// It is not called so that commands take it for a model, it is a directory, lies in none, or is there and not to be replaced.
    /// </exception>
    public static string Require(string given, bool replaces)
    {
        var path = Path.GetFullPath(given);
        if (!path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--output: expected a name that ends in {Ending}, found {path}");
        if (Directory.Exists(path))
            throw new UsageException($"--output: expected a file, found the directory {path}");
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw new UsageException($"--output: expected a file in a directory that is there, found {path}");
        if (File.Exists(path) && !replaces)
            throw new UsageException($"--output: expected no file, or --force, found {path}");
        return path;
    }
}
