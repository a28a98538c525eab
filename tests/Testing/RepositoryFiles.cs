namespace AkkaCp.Testing;

/// <summary>Finds files of the checkout from a test's own folder, whatever the working directory.</summary>
public static class RepositoryFiles
{
    /// <summary>The folder that holds AkkaCp.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The shipped demo model.</summary>
    public static string DemoModel => Path.Combine(Root, "models", "demo");

    /// <summary>A tiny random-weight model with golden logits; <paramref name="dtype"/> is "f32" or "bf16".</summary>
    public static string TinyModel(string dtype) => Path.Combine(Root, "tests", "models", "tiny-" + dtype);

    /// <summary>The numbers of the reference system.</summary>
    public static string CpVectors => Path.Combine(Root, "tests", "vectors", "cp.json");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AkkaCp.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No AkkaCp.sln above {AppContext.BaseDirectory}.");
    }
}
