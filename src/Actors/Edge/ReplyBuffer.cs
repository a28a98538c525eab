using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>
/// Replies between an edge and its reader. Bounded by the request itself: its new tokens, one terminal reply, and progress, which is
/// dropped while more than a few replies wait unread, for the next one says more. Nothing is taken behind the terminal reply.
/// </summary>
internal sealed class ReplyBuffer
{
    private const int ProgressRoom = 16;

    private readonly Channel<GenerationProtocol.IReply> _channel;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="maxNewTokens">Tokens that the request may generate.</param>
    public ReplyBuffer(int maxNewTokens) => _channel = Channel.CreateBounded<GenerationProtocol.IReply>(
        new BoundedChannelOptions((int)Math.Min(int.MaxValue, Math.Max(0L, maxNewTokens) + ProgressRoom + 1))
        {
            SingleReader = true,
            SingleWriter = true,
        });

    /// <summary>Ends with the terminal reply, whether it was read or not.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Adds a reply.</summary>
    public void Write(GenerationProtocol.IReply reply)
    {
        if (reply is GenerationProtocol.Progress && _channel.Reader.Count >= ProgressRoom)
            return;
        _channel.Writer.TryWrite(reply);
        if (!reply.IsTerminal)
            return;
        _channel.Writer.TryComplete();
        _ended.TrySetResult();
    }

    /// <summary>The next reply, if one waits.</summary>
    public bool TryRead([MaybeNullWhen(false)] out GenerationProtocol.IReply reply) => _channel.Reader.TryRead(out reply);

    /// <summary>All replies up to the terminal one.</summary>
    public IAsyncEnumerable<GenerationProtocol.IReply> ReadAllAsync() => _channel.Reader.ReadAllAsync(CancellationToken.None);
}
