using System.Globalization;

namespace AkkaCp.Cli;

/// <summary>Numbers on a command line: <c>1,2,3</c>.</summary>
internal static class IntegerList
{
    /// <summary>The numbers; none of an empty text.</summary>
    /// <exception cref="UsageException">A part is no integer.</exception>
    public static int[] Parse(string option, string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return [];
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var numbers = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw new UsageException(
                    $"{option}: expected integers with commas between them, found \"{parts[i]}\" at place {i}");
            }
        }

        return numbers;
    }
}
