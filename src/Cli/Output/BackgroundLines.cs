using System.Threading.Channels;

namespace AkkaCp.Cli.Output;

/// <summary>
/// Lines that are written behind the caller's back, in order: a reader that does not read, or a disk that is full, holds up nobody. Lines
/// that cannot be written, or for which there is no room any more, are lost.
/// </summary>
internal sealed class BackgroundLines : IAsyncDisposable
{
    private const int Room = 1000;
    private static readonly TimeSpan s_lastPatience = TimeSpan.FromSeconds(2);

    private readonly TextWriter _output;
    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(Room) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _writing;

    public BackgroundLines(TextWriter output)
    {
        _output = output;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Takes a line; it returns at once.</summary>
    public void Say(string line) => _lines.Writer.TryWrite(line);

    /// <summary>Writes what is left, in bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await Task.WhenAny(_writing, Task.Delay(s_lastPatience)).ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                _output.WriteLine(line);
                _output.Flush();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // The disk may have room again for the next line.
            }
        }
    }
}
