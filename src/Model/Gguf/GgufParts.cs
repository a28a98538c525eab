using System.Globalization;
using System.Text.RegularExpressions;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>How the files of a split model are called: PREFIX-00001-of-00003.gguf, counted from 1.</summary>
internal static partial class GgufParts
{
    private const string Ending = ".gguf";

    // Far above any split model; so many names can be asked for.
    private const int Most = 9_999;

    /// <summary>Whether a path is that of a GGUF file: it is called so, and is no directory.</summary>
    public static bool IsGguf(string path) => path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);

    /// <summary>The path without its ending and without a part's number.</summary>
    public static string Stem(string path) => Part().Match(path) is { Success: true } part ? part.Groups[1].Value : path[..^Ending.Length];

    /// <summary>Paths of all parts; a file that is not called like a part is the only one.</summary>
    /// <exception cref="ModelFormatException">The name counts no parts.</exception>
    public static IReadOnlyList<string> Of(string path)
    {
        if (Part().Match(path) is not { Success: true } part)
            return [path];
        var (number, count) = (Number(part.Groups[2]), Number(part.Groups[3]));
        return number >= 1 && number <= count && count <= Most
            ? [.. Enumerable.Range(1, count)
                .Select(one => FormattableString.Invariant($"{part.Groups[1].Value}-{one:D5}-of-{count:D5}{Ending}"))]
            : throw new ModelFormatException(path, "name", $"a part from 1 to the number of parts, {Most} at most", $"{number} of {count}");
    }

    private static int Number(Group digits) => int.Parse(digits.Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(.+)-([0-9]{5})-of-([0-9]{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Part();
}
