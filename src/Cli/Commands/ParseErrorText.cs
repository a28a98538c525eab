using System.CommandLine.Parsing;

namespace AkkaCp.Cli;

/// <summary>What is wrong with a command line, in the user's words: the parser's own text names .NET types.</summary>
internal static class ParseErrorText
{
    /// <summary>The text of one error.</summary>
    public static string Of(ParseError error)
    {
        if (error.SymbolResult is not OptionResult { Tokens: [var found], Option: var option })
            return error.Message;
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        if (type == typeof(string))
            return error.Message.StartsWith(option.Name, StringComparison.Ordinal) ? error.Message : $"{option.Name}: {error.Message}";
        return Expected(type) is { } expected ? $"{option.Name}: expected {expected}, found \"{found.Value}\"" : error.Message;
    }

    private static string? Expected(Type type) => type switch
    {
        _ when type == typeof(int) => $"a whole number up to {int.MaxValue}",
        _ when type == typeof(ulong) => $"a whole number from 0 to {ulong.MaxValue}",
        _ => null,
    };
}
