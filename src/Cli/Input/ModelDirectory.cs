using AkkaCp.Model;

namespace AkkaCp.Cli;

/// <summary>
/// Finds the model of a command. One that is named is taken as it is, from the working directory. The demo model is looked for
/// beside the executable, where the build puts it, then in each folder above the executable, then above the working directory.
/// </summary>
internal static class ModelDirectory
{
    private static readonly string s_demo = Path.Combine("models", "demo");

    /// <summary>The named model, or the demo model.</summary>
    /// <exception cref="UsageException">There is no such directory or GGUF file.</exception>
    public static string Find(string? given) => given is null ? Demo() : Existing(given);

    private static string Existing(string given)
    {
        var path = Path.GetFullPath(given);
        if (!ModelFiles.Exist(path))
            throw new UsageException($"--model: expected a directory with a model or a GGUF file, found none at {path}");
        if (Directory.Exists(path) && !File.Exists(Path.Combine(path, "config.json")))
            throw new UsageException($"--model: expected a config.json in {path}, found none");
        return path;
    }

    private static string Demo()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Directory.GetCurrentDirectory() })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                var candidate = Path.Combine(folder.FullName, s_demo);
                if (File.Exists(Path.Combine(candidate, "config.json")))
                    return candidate;
            }
        }

        throw new UsageException(
            $"--model: not given, and no {s_demo} at or above {AppContext.BaseDirectory} and {Directory.GetCurrentDirectory()}");
    }
}
