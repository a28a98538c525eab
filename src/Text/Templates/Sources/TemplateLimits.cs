namespace AkkaCp.Text.Templates;

/// <summary>
/// What a template may use. A template comes with a model, so it is data from outside: each bound ends in a
/// <see cref="TemplateException"/> before time or memory is gone.
/// </summary>
/// <param name="MaxSteps">
/// Work of one rendering. One step is a statement or expression evaluated, a quarter of a list item made, or eight characters
/// copied. Default 10 000 000: some tenths of a second, and enough for a conversation of millions of characters.
/// </param>
/// <param name="MaxDepth">Nesting of tags, expressions, macro calls and values. Default 256.</param>
/// <param name="MaxOutputChars">UTF-16 units of the output and of any text on the way to it. Default 16 777 216.</param>
/// <param name="MaxSourceChars">UTF-16 units of the template itself. Default 1 048 576.</param>
public sealed record TemplateLimits(
    long MaxSteps = 10_000_000,
    int MaxDepth = 256,
    int MaxOutputChars = 16_777_216,
    int MaxSourceChars = 1_048_576)
{
    /// <summary>The defaults.</summary>
    public static TemplateLimits Default { get; } = new();
}
