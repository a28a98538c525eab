namespace AkkaCp.Engine.Prompting;

/// <summary>What a message says of a caller's text, which may be long and have any characters.</summary>
internal static class Shown
{
    private const int MostCharacters = 40;

    /// <summary>Its beginning, on one line.</summary>
    public static string Start(string? text)
    {
        if (text is null)
            return "null";
        var start = WellFormedJson.Text(text.Length <= MostCharacters ? text : text[..MostCharacters] + "…");
        return string.Concat(start.Select(character => char.IsControl(character) ? '\uFFFD' : character));
    }
}
