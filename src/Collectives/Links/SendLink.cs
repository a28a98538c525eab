using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Links;

/// <summary>
/// Frames to one peer: a queue, and the thread that empties it into the connection. The thread alone blocks in the socket; whoever puts
/// a frame in the queue goes on at once. A caller may also send what it has queued itself when that is little, as far as the socket has
/// room, which saves waking the thread. When there is nothing to send, a heartbeat goes out now and then.
/// </summary>
#pragma warning disable CA1001 // Abandon, which ends every link, disposes what it waits with.
internal sealed class SendLink(ILinkOwner owner, Peer peer)
#pragma warning restore CA1001
{
    // What a caller sends itself: one system call of at most some ten microseconds, where waking a thread costs half as much and the
    // frame leaves later.
    private const int MaxDirectBytes = FrameWriter.MaxBytesAtOnce;

    // With buffers of the kernel's own choice, what fits the smallest.
    private const int MaxDirectBytesUnsized = 8 << 10;

    private readonly Lock _gate = new();
    private readonly WakeUp _wake = new();
    private readonly Queue<SendItem> _queue = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _maxDirectBytes = owner.Options.SocketBufferBytes == 0
        ? MaxDirectBytesUnsized
        : Math.Min(MaxDirectBytes, owner.Options.SocketBufferBytes / 4);

    private volatile Connection? _connection;
    private FrameWriter? _writer;
    private long _queuedBytes;
    private bool _isClosing;

    // Somebody writes; at first the link's own thread, until it has nothing to do.
    private bool _isSending = true;

    /// <summary>Whether the thread has its connection.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>Ends when all is sent, or nothing more can be.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Puts a frame at the end of the queue, and sees to it that it is sent.</summary>
    public void Enqueue(in SendItem item)
    {
        lock (_gate)
            Add(item);

        _wake.Set();
    }

    /// <summary>Puts a frame at the end of the queue; the caller must <see cref="Drive"/> the link soon.</summary>
    public void EnqueueOnly(in SendItem item)
    {
        lock (_gate)
            Add(item);
    }

    /// <summary>Has sent what was queued: by this thread when that cannot take long, else by the link's own.</summary>
    public void Drive(bool mayBeHere)
    {
        if (mayBeHere && TryBeginDirect())
            SendHere();
        else if (!IsEmpty())
            _wake.Set();
    }

    /// <summary>Ends at once, whatever is queued.</summary>
    public void Break()
    {
        Close();
        _connection?.Dispose();
    }

    /// <summary>Sends what is queued, then ends.</summary>
    public void Close()
    {
        lock (_gate)
            _isClosing = true;

        _wake.Set();
    }

    /// <summary>Sends until the link is closed or breaks; runs on the link's own thread.</summary>
    public void Run(Connection connection)
    {
        _writer = new FrameWriter(connection);
        _connection = connection;
        owner.Joined();
        try
        {
            while (TryTake(out var item))
                Send(item);

            connection.EndSending();
        }
        catch (Exception failure)
        {
            Break(failure);
        }
    }

    /// <summary>Lets go of what is still queued: it touches no tensor any more. Called when the thread has ended, or never was.</summary>
    public void Abandon()
    {
        _ended.TrySetResult();
        _wake.Dispose();
        while (TryNext(long.MaxValue, out var item))
            item.Source?.Sent(peer, item.Header, wasSent: false);
    }

    private void Add(in SendItem item)
    {
        _queue.Enqueue(item);
        _queuedBytes += Size(item);
    }

    private SendItem Remove()
    {
        var item = _queue.Dequeue();
        _queuedBytes -= Size(item);
        return item;
    }

    private static long Size(in SendItem item) => item.Header.Length + FrameHeader.Bytes;

    private bool TryBeginDirect()
    {
        lock (_gate)
        {
            var begins = !_isSending && !_isClosing && _queue.Count > 0 && _queuedBytes <= _maxDirectBytes
                && _connection is { } connection && _writer!.Pending == 0 && (connection.Gathers || connection.HasRoom);
            _isSending |= begins;
            return begins;
        }
    }

    private void SendHere()
    {
        _writer!.MayWait = false;
        try
        {
            for (var budget = _maxDirectBytes; TryNext(budget, out var item); budget -= Size(item))
                Send(item);
        }
        catch (Exception failure)
        {
            Break(failure);
        }

        _writer.MayWait = true;
        if (EndSendingHere())
            _wake.Set();
    }

    // Whether the thread has something to do: what others have queued meanwhile, or what the kernel did not take at once, which leaves
    // with the next frame. Without that it sleeps on.
    private bool EndSendingHere()
    {
        lock (_gate)
        {
            _isSending = false;
            if (_writer!.Pending > 0 && _queue.Count == 0)
                Add(new SendItem { Header = FrameHeader.Plain(FrameKind.Heartbeat, owner.Epoch) });

            return _queue.Count > 0 || _isClosing;
        }
    }

    private bool TryNext(long budget, out SendItem item)
    {
        lock (_gate)
        {
            if (_queue.TryPeek(out item) && Size(item) <= budget)
            {
                Remove();
                return true;
            }

            return false;
        }
    }

    // The next frame; a heartbeat when there is none for a while. False when the link was closed and all is sent.
    private bool TryTake(out SendItem item)
    {
        Rest();
        while (!TryBegin(out item))
        {
            if (IsOver())
                return false;

            if (!_wake.Wait(owner.Options.HeartbeatInterval))
                AddHeartbeat();
        }

        return true;
    }

    private void Rest()
    {
        lock (_gate)
            _isSending = false;
    }

    private bool TryBegin(out SendItem item)
    {
        lock (_gate)
        {
            var begins = !_isSending && _queue.Count > 0;
            item = begins ? Remove() : default;
            _isSending |= begins;
            return begins;
        }
    }

    private bool IsOver()
    {
        lock (_gate)
            return _isClosing && !_isSending && _queue.Count == 0;
    }

    private void AddHeartbeat()
    {
        lock (_gate)
        {
            if (_queue.Count == 0 && !_isSending)
                Add(new SendItem { Header = FrameHeader.Plain(FrameKind.Heartbeat, owner.Epoch) });
        }
    }

    private void Send(in SendItem item)
    {
        var consumed = peer.Consumed;
        peer.ConsumedTold = consumed;
        var header = item.Header with { Consumed = consumed };
        var isWanted = item.Source?.IsWanted ?? true;
        try
        {
            if (isWanted)
                Write(_writer!, header, item);

            // Short frames that wait together leave together.
            if (IsEmpty())
                _writer!.Flush();
        }
        finally
        {
            // Also when the connection broke: the call must know that nobody reads its rows any more.
            item.Source?.Sent(peer, header, isWanted);
        }
    }

    private void Write(FrameWriter writer, in FrameHeader header, in SendItem item)
    {
        if (item.Source is null)
            writer.Write(header, item.Text);
        else
            writer.Write(header, item.Rows);

        owner.Meter.Sent(header.Length);
    }

    private bool IsEmpty()
    {
        lock (_gate)
            return _queue.Count == 0;
    }

    private void Break(Exception failure)
    {
        if (failure is IOException or ObjectDisposedException)
        {
            owner.Lose(peer, failure.Message);
            return;
        }

        owner.Fail(peer, failure);
    }
}
