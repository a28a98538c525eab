using System.Buffers;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace AkkaCp.Actors.Links;

/// <summary>
/// One connection of the control plane. What is written leaves at once, on the writer's own thread while the socket has room; what finds
/// none leaves together as soon as it has.
/// </summary>
internal sealed class ControlLink : AssociationHandle
{
    // What waits for the socket; Akka keeps the rest, and asks again.
    private const int MostWaitingBytes = 4 << 20;
    private static readonly TimeSpan s_lastWords = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly ControlFrames _frames;
    private readonly int _mostBytes;
    private readonly ArrayBufferWriter<byte> _leaving = new();
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<ByteString> _waiting = [];
    private int _waitingBytes;
    private bool _isSending;
    private Task? _end;

    /// <param name="local">This side.</param>
    /// <param name="remote">The other side, as far as it is known.</param>
    /// <param name="socket">The connection.</param>
    /// <param name="stream">What is said on it; TLS or the socket's own.</param>
    /// <param name="mostBytes">Bytes of a frame at most.</param>
    public ControlLink(Address local, Address remote, Socket socket, Stream stream, int mostBytes)
        : base(local, remote)
    {
        (_socket, _stream, _mostBytes) = (socket, stream, mostBytes);
        _frames = new ControlFrames(stream);
    }

    /// <summary>Called before the first frame leaves: the side that was dialled answers when it knows the other.</summary>
    public Action? Answering { get; set; }

    /// <summary>Takes the other side's first frame.</summary>
    public Action<ByteString>? Greeted { get; init; }

    /// <summary>Whether the other side has ever said anything.</summary>
    public bool HasHeard { get; private set; }

    /// <summary>Reads the first frame, before anybody listens.</summary>
    /// <param name="mostBytes">Its length at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="EndOfStreamException">The other side ended before.</exception>
    public async Task<ByteString> FirstAsync(int mostBytes, CancellationToken cancellationToken) =>
        await _frames.NextAsync(mostBytes, cancellationToken).ConfigureAwait(false) ?? throw new EndOfStreamException("it broke off");

    /// <summary>Gives frames to the listener, from the moment when there is one, until the connection ends.</summary>
    /// <param name="first">A frame that has been read already.</param>
    public async Task ReceiveAsync(ByteString? first = null)
    {
        var listener = await ReadHandlerSource.Task.ConfigureAwait(false);
        try
        {
            for (var frame = first ?? await NextAsync().ConfigureAwait(false);
                frame is not null;
                frame = await NextAsync().ConfigureAwait(false))
            {
                if (!HasHeard)
                    Greeted?.Invoke(frame);
                HasHeard = true;
                listener.Notify(new InboundPayload(frame));
            }
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException or InvalidDataException)
        {
            // The listener hears the same of every end; Akka makes another connection where it needs one.
        }
        finally
        {
            listener.Notify(new Disassociated(DisassociateInfo.Unknown));
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override bool Write(ByteString payload)
    {
        lock (_lock)
        {
            if (_end is not null || _waitingBytes > MostWaitingBytes)
                return false;
            _waiting.Add(payload);
            _waitingBytes += payload.Length;
            if (_isSending)
                return true;
            _isSending = true;
        }

        Answering?.Invoke();
        _ = SendAsync();
        return true;
    }

    /// <inheritdoc/>
    [Obsolete("Akka calls it through the method that takes a reason.")]
    public override void Disassociate() => _ = EndAsync();

    /// <summary>Sends what waits, in bounded time, and closes.</summary>
    public Task EndAsync()
    {
        lock (_lock)
        {
            if (_end is not null)
                return _end;
            if (!_isSending)
                _sent.TrySetResult();
            return _end = CloseAsync();
        }
    }

    /// <summary>Closes at once.</summary>
    public void Abort() => _socket.Dispose();

    private ValueTask<ByteString?> NextAsync() => _frames.NextAsync(_mostBytes, CancellationToken.None);

    private async Task CloseAsync()
    {
        await Task.WhenAny(_sent.Task, Task.Delay(s_lastWords)).ConfigureAwait(false);
        _socket.Dispose();
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        List<ByteString> batch = [];
        try
        {
            while (true)
            {
                batch.Clear();
                lock (_lock)
                {
                    if (_waiting.Count == 0)
                    {
                        _isSending = false;
                        if (_end is not null)
                            _sent.TrySetResult();
                        return;
                    }

                    (batch, _waiting, _waitingBytes) = (_waiting, batch, 0);
                }

                _leaving.ResetWrittenCount();
                ControlFrames.Write(batch, _leaving);
                await _stream.WriteAsync(_leaving.WrittenMemory).ConfigureAwait(false);
            }
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
        {
            // The receiving side ends with the same, and says so.
            _sent.TrySetResult();
            Abort();
            _ = EndAsync();
        }
    }
}
