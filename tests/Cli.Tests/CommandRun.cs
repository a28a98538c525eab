namespace AkkaCp.Cli.Tests;

/// <summary>One command run in this process, with what it wrote.</summary>
internal sealed record CommandRun(int ExitCode, string Out, string Error)
{
    /// <summary>Lines on standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static Task<CommandRun> OfAsync(params string[] args) => WithInputAsync(null, args);

    /// <summary>Runs with standard input piped, or not piped at all where it is null.</summary>
    public static async Task<CommandRun> WithInputAsync(
        string? input, string[] args, TextWriter? output = null, CancellationToken cancellationToken = default)
    {
        using var stdin = new StringReader(input ?? "");
        await using var stdout = new StringWriter();
        await using var stderr = new StringWriter();
        var io = new CommandIo(stdin, output ?? stdout, stderr, InputIsPiped: input is not null);
        var exitCode = await Program.RunAsync(args, io, cancellationToken);
        return new CommandRun(exitCode, (output ?? stdout).ToString()!, stderr.ToString());
    }
}
