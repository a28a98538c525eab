using System.CommandLine;
using System.CommandLine.Parsing;

namespace AkkaCp.Cli.Commands;

/// <summary>Paths on a command line: an empty text is none, and is refused before anything is read or loaded.</summary>
internal static class PathSyntax
{
    /// <summary>Makes an option take a path.</summary>
    public static Option<T> TakesPath<T>(this Option<T> option)
    {
        option.Validators.Add(result => Refuse(result, option.Name));
        return option;
    }

    /// <summary>Makes an argument take a path.</summary>
    public static Argument<T> TakesPath<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result => Refuse(result, argument.Name));
        return argument;
    }

    private static void Refuse(SymbolResult result, string name)
    {
        if (result.Tokens.Any(token => token.Value.Length == 0))
            result.AddError($"{name}: expected a path, found an empty text");
    }
}
