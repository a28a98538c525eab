using Spectre.Console;

namespace AkkaCp.Serving.Display;

/// <summary>Where tables and pictures are drawn.</summary>
internal static class Sheet
{
    /// <summary>A sheet on a stream: as wide as its terminal, or 80 columns; in colour where a terminal has it and NO_COLOR is not set.</summary>
    public static IAnsiConsole On(TextWriter output)
    {
        var wantsNone = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Detect,
            ColorSystem = wantsNone ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
    }
}
