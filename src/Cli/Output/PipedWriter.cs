using System.Text;

namespace AkkaCp.Cli.Output;

/// <summary>One of the process's streams where it goes into a file or a pipe, whose disk may be full.</summary>
/// <param name="inner">The stream.</param>
/// <param name="failed">What a failed write means.</param>
internal sealed class PipedWriter(TextWriter inner, Action<Exception> failed) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Standard output: an answer that cannot be written ends the command, by name.</summary>
    public static TextWriter OfAnswers(TextWriter inner) => new PipedWriter(
        inner, error => throw new IOException($"standard output: expected to take the answer, found: {error.Message}", error));

    /// <summary>Standard error: what is said beside the answer is lost, and the answer is not.</summary>
    public static TextWriter OfRemarks(TextWriter inner) => new PipedWriter(inner, _ => { });

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What was closed before the program began is a path that nobody may write.
            failed(error);
        }
    }
}
