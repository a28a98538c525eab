using System.Text;
using AkkaCp.Cli.Output;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Cli;

/// <summary>What a command reads and writes.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Standard output: the answer and nothing else.</param>
/// <param name="Error">Standard error: progress, the line about the run, errors.</param>
/// <param name="InputIsPiped">Whether standard input is a file or a pipe, so that a prompt may come from there.</param>
/// <param name="ErrorIsTerminal">Whether a person watches standard error, so that progress may move.</param>
/// <param name="OutputIsTerminal">Whether a person reads standard output, so that pictures say more than JSON.</param>
/// <param name="OutputUnread">Cancelled when nobody reads standard output any more.</param>
public sealed record CommandIo(
    TextReader In, TextWriter Out, TextWriter Error, bool InputIsPiped = false, bool ErrorIsTerminal = false, bool OutputIsTerminal = false,
    CancellationToken OutputUnread = default)
{
    private const int StandardOutput = 1;

    /// <summary>The streams of this process, in UTF-8 whatever the locale: JSON is nothing else, and scripts read the answers.</summary>
    public static CommandIo OfProcess()
    {
        Console.InputEncoding = Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new(
            Console.In,
            Console.IsOutputRedirected ? PipedWriter.OfAnswers(Console.Out) : Console.Out,
            Console.IsErrorRedirected ? PipedWriter.OfRemarks(Console.Error) : Console.Error,
            Console.IsInputRedirected, !Console.IsErrorRedirected, !Console.IsOutputRedirected, WatchOutput());
    }

    private static CancellationToken WatchOutput() => Console.IsOutputRedirected
        ? ReaderWatch.Of(new SafeFileHandle(StandardOutput, ownsHandle: false))
        : CancellationToken.None;
}
