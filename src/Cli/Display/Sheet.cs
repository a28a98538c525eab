using Spectre.Console;

namespace AkkaCp.Cli.Display;

/// <summary>Where tables and pictures are drawn.</summary>
internal static class Sheet
{
    /// <summary>A sheet on a stream: as wide as its terminal, or 80 columns.</summary>
    /// <param name="output">The stream.</param>
    /// <param name="isTerminal">Whether it is a terminal: then it has colours, if the terminal can and NO_COLOR is not set.</param>
    public static IAnsiConsole On(TextWriter output, bool isTerminal = false)
    {
        var inColor = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            // Left to itself, the console takes a build server's environment for a terminal.
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = inColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
    }
}
