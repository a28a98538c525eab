namespace AkkaCp.Cli.Output;

/// <summary>A pipe, or standard output, that a command line names as the place of a result.</summary>
internal sealed class OutputPipe : IDisposable
{
    private const string StandardOutput = "-";
    private const int BrokenPipe = 32;

    private readonly Stream _stream;

    private OutputPipe(Stream stream, CancellationToken unread)
    {
        _stream = stream;
        Unread = unread;
    }

    /// <summary>Cancelled when nobody reads it any more.</summary>
    public CancellationToken Unread { get; }

    /// <summary>Opens what <c>-</c> or a path names; null where that is a file, a device with a size, or nothing yet. Of a named pipe it
    /// waits for the reader.</summary>
    /// <param name="path">The path.</param>
    /// <param name="outputUnread">Cancelled when nobody reads standard output any more.</param>
    public static OutputPipe? TryOpen(string path, CancellationToken outputUnread)
    {
        if (path == StandardOutput)
            return new OutputPipe(Console.OpenStandardOutput(), outputUnread);
        var target = new FileInfo(path);
        if (!target.Exists || (target.LinkTarget is null && target.Length > 0))
            return null;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            if (!stream.CanSeek)
                return new OutputPipe(stream, ReaderWatch.Of(stream.SafeFileHandle));
            stream.Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A link to nothing yet, or what may not be written: whoever writes the file says so.
        }

        return null;
    }

    /// <summary>Copies the result into it.</summary>
    /// <exception cref="UnreadOutputException">Nobody reads it to its end.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void CopyFrom(Stream result)
    {
        try
        {
            result.CopyTo(_stream);
            _stream.Flush();
        }
        catch (IOException error) when (error.HResult == BrokenPipe)
        {
            throw new UnreadOutputException(error);
        }

        // The console keeps a reader that went to itself.
        if (Unread.IsCancellationRequested)
            throw new UnreadOutputException();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}

/// <summary>Nobody reads the output to its end: there is nothing to say and nobody to say it to.</summary>
internal sealed class UnreadOutputException(Exception? cause = null) : Exception("nobody reads the output", cause);
