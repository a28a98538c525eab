using System.Globalization;

namespace AkkaCp.Engine.Composition;

/// <summary>Reads the files in which Linux says what there is. Another system has none, and a container may hide them.</summary>
internal static class SystemFiles
{
    /// <summary>What is no limit, so large that sums of it do not overflow.</summary>
    public const long Unbounded = long.MaxValue / 4;

    /// <summary>The number that is the file's only content.</summary>
    public static long Number(string root, string file, long missing = Unbounded) =>
        Lines(root, file) is [var text, ..] ? Parse(text, missing) : missing;

    /// <summary>Lines <c>Name: 12 kB</c> or <c>name 12</c>, in bytes.</summary>
    public static Dictionary<string, long> Table(string root, string file)
    {
        var table = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in Lines(root, file))
        {
            var parts = line.Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && Parse(parts[1], -1) is >= 0 and var value)
                table[parts[0]] = parts is [_, _, "kB", ..] ? value * 1024 : value;
        }

        return table;
    }

    /// <summary>"max" and "unlimited" are no numbers; a limit of version 1 that nobody set is one, just below 2^63.</summary>
    public static long Parse(string text, long otherwise) =>
        ulong.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? (long)Math.Min(value, Unbounded)
            : otherwise;

    /// <summary>The file's lines; none where it cannot be read.</summary>
    public static string[] Lines(string root, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(root, file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
