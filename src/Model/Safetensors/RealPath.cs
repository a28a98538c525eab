namespace AkkaCp.Model.Safetensors;

/// <summary>Paths with every symbolic link followed, to compare where files really lie.</summary>
internal static class RealPath
{
    private const int MaxLinks = 40;

    /// <summary>The full path without links; a component that does not exist stands as it is.</summary>
    /// <exception cref="IOException">More than 40 links, or a link that cannot be read.</exception>
    public static string Of(string path)
    {
        var links = 0;
        var full = Path.GetFullPath(path);
        var resolved = Path.GetPathRoot(full)!;
        var rest = new Stack<string>(Components(full).Reverse());
        while (rest.TryPop(out var component))
        {
            var next = Path.Combine(resolved, component);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
                throw new IOException($"{path}: more than {MaxLinks} symbolic links");

            var linked = Path.GetFullPath(target, resolved);
            resolved = Path.GetPathRoot(linked)!;
            foreach (var part in Components(linked).Reverse())
                rest.Push(part);
        }

        return resolved;
    }

    /// <summary>Whether a real path lies below a real folder.</summary>
    public static bool IsInside(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string[] Components(string full) =>
        full[Path.GetPathRoot(full)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
}
