namespace AkkaCp.Settings;

/// <summary>Finds the name that somebody probably meant.</summary>
internal static class NearestName
{
    /// <summary>The name with the smallest edit distance; of equals the first in ordinal order.</summary>
    public static string Find(string given, IEnumerable<string> names) => names
        .Order(StringComparer.Ordinal)
        .MinBy(name => Distance(given, name)) ?? "";

    /// <summary>Least number of characters to insert, delete or replace (Levenshtein), two rows at a time.</summary>
    public static int Distance(string left, string right)
    {
        var above = Enumerable.Range(0, right.Length + 1).ToArray();
        var row = new int[right.Length + 1];
        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, 1 + Math.Min(above[j], row[j - 1]));
            }

            (above, row) = (row, above);
        }

        return above[right.Length];
    }
}
