using System.CommandLine;
using System.CommandLine.Invocation;
using AkkaCp.Cli.Output;

namespace AkkaCp.Cli;

/// <summary>The executable <c>akkacp</c>.</summary>
public static class Program
{
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromMinutes(10);

    /// <summary>Runs one command on the process's own streams.</summary>
    public static Task<int> Main(string[] args) => RunAsync(args, CommandIo.OfProcess(), CancellationToken.None);

    /// <summary>Runs one command; tests give their own streams.</summary>
    /// <returns>0, or 1 for a failed run, or 2 for wrong usage or configuration, each with one line on stderr; or 141, without a word, when
    /// nobody read the output to its end.</returns>
    public static async Task<int> RunAsync(string[] args, CommandIo io, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(io);
        // An argument that starts with @ is text like any other: a prompt may begin so.
        var parsed = CommandTree.Build(io).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var verbose = parsed.GetValue(CommandTree.Verbose);
        var unread = CommandTree.EndsWithItsReader(parsed) ? io.OutputUnread : CancellationToken.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, unread);
        try
        {
            // A wrong command line has this action: its own report is long, ours is one line.
            if (parsed.Action is ParseErrorAction)
                throw new UsageException(string.Join(" ", parsed.Errors.Select(ParseErrorText.Of)));

            var invocation = new InvocationConfiguration
            {
                Output = io.Out,
                Error = io.Error,
                EnableDefaultExceptionHandler = false,
                // A node that is asked to end drains first, for as long as its configuration says.
                ProcessTerminationTimeout = s_longestEnd,
            };
            var exitCode = await parsed.InvokeAsync(invocation, ending.Token).ConfigureAwait(false);
            return exitCode == ErrorReport.Success && unread.IsCancellationRequested ? ErrorReport.Unread : exitCode;
        }
        catch (Exception error)
            when (error is UnreadOutputException || (error is OperationCanceledException && unread.IsCancellationRequested))
        {
            return ErrorReport.Unread;
        }
#pragma warning disable CA1031 // The process's outermost frame: every failure becomes an exit code and a line.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return ErrorReport.Write(io.Error, error, verbose);
        }
    }
}
