using AkkaCp.Transport.Wire;

namespace AkkaCp.Transport.Mesh;

/// <summary>
/// Frames to one peer: a queue, and the thread that empties it into the connection. The thread alone blocks in the socket; whoever puts
/// a frame in the queue goes on at once. When there is nothing to send, a heartbeat goes out now and then.
/// </summary>
internal sealed class SendLink(RankMesh mesh, Peer peer)
{
    private readonly object _signal = new();
    private readonly Queue<SendItem> _queue = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Connection? _connection;
    private bool _isClosing;
    private bool _isWaiting;

    /// <summary>Whether the thread has its connection.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>Ends when all is sent, or nothing more can be.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Puts a frame at the end of the queue.</summary>
    public void Enqueue(in SendItem item)
    {
        lock (_signal)
        {
            _queue.Enqueue(item);
            if (_isWaiting)
            {
                Monitor.Pulse(_signal);
            }
        }
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
        lock (_signal)
        {
            _isClosing = true;
            Monitor.Pulse(_signal);
        }
    }

    /// <summary>Sends until the link is closed or breaks; runs on the link's own thread.</summary>
    public void Run(Connection connection)
    {
        _connection = connection;
        mesh.Joined();
        try
        {
            var writer = new FrameWriter(connection);
            while (TryTake(out var item))
            {
                Send(writer, item);
            }

            connection.EndSending();
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            mesh.Lose(peer, broken.Message);
        }
        catch (Exception bug)
        {
            mesh.Fail(peer, bug);
        }
    }

    /// <summary>Lets go of what is still queued: it touches no tensor any more. Called when the thread has ended, or never was.</summary>
    public void Abandon()
    {
        _ended.TrySetResult();
        while (true)
        {
            SendItem item;
            lock (_signal)
            {
                if (!_queue.TryDequeue(out item))
                {
                    return;
                }
            }

            item.Group?.Sent(peer, item.Collective!, item.Header, wasSent: false);
        }
    }

    // The next frame; a heartbeat when there is none for a while. False when the link was closed and all is sent.
    private bool TryTake(out SendItem item)
    {
        lock (_signal)
        {
            while (_queue.Count == 0)
            {
                if (_isClosing)
                {
                    item = default;
                    return false;
                }

                _isWaiting = true;
                var isPulsed = Monitor.Wait(_signal, mesh.Options.HeartbeatInterval);
                _isWaiting = false;
                if (!isPulsed && _queue.Count == 0)
                {
                    item = new SendItem { Header = mesh.Plain(FrameKind.Heartbeat) };
                    return true;
                }
            }

            item = _queue.Dequeue();
            return true;
        }
    }

    private void Send(FrameWriter writer, in SendItem item)
    {
        var consumed = peer.Consumed;
        peer.ConsumedTold = consumed;
        var header = item.Header with { Consumed = consumed };
        var isWanted = item.Collective?.Fault is null;
        try
        {
            if (isWanted)
            {
                Write(writer, header, item);
            }
        }
        finally
        {
            // Also when the connection broke: the call must know that nobody reads its rows any more.
            item.Group?.Sent(peer, item.Collective!, header, isWanted);
        }
    }

    private void Write(FrameWriter writer, in FrameHeader header, in SendItem item)
    {
        if (item.Collective is null)
        {
            writer.Write(header, item.Text);
        }
        else
        {
            writer.Write(header, item.Rows);
        }

        // Short frames that wait together leave together.
        if (IsEmpty())
        {
            writer.Flush();
        }

        mesh.Meter.Sent(header.Length);
    }

    private bool IsEmpty()
    {
        lock (_signal)
        {
            return _queue.Count == 0;
        }
    }
}
