using System.Net;
using System.Net.Sockets;

namespace AkkaCp.Bench.Transport;

/// <summary>
/// What the machine gives to a program that only copies bytes between two processes: a connection each way, blocking calls, a thread
/// for receiving. The measure that the data plane is held against.
/// </summary>
internal sealed class RawPair : IDisposable
{
    // As many as calls are under way at once in the measurement beside: as much memory passes through the caches.
    private const int Buffers = 4;

    private readonly Socket _send;
    private readonly Socket _receive;
    private readonly byte[] _out;
    private readonly byte[] _in;
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly SemaphoreSlim _received = new(0);
    private readonly Thread _receiver;
    private volatile int _bytes;
    private volatile int _buffers = 1;

    private RawPair(Socket send, Socket receive, int maxBytes)
    {
        (_send, _receive) = (send, receive);
        _out = GC.AllocateArray<byte>(maxBytes * Buffers, pinned: true);
        _in = GC.AllocateArray<byte>(maxBytes * Buffers, pinned: true);
        _receiver = new Thread(ReceiveAll) { IsBackground = true };
        _receiver.Start();
    }

    /// <summary>Connects both ways; both processes call it with each other's listener.</summary>
    public static RawPair Connect(Socket listener, int peerPort, int maxBytes)
    {
        var send = Prepared(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        send.Connect(IPAddress.Loopback, peerPort);
        return new RawPair(send, Prepared(listener.Accept()), maxBytes);
    }

    public static Socket Listen()
    {
        var listener = Prepared(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        return listener;
    }

    /// <summary>Both processes send and receive so many bytes, as often as told, and never have more than so many times begun whose bytes
    /// have not come.</summary>
    public void Exchange(int bytes, int times, int underWay)
    {
        _bytes = bytes;
        _buffers = Math.Min(Buffers, underWay);
        for (var i = 0; i < times; i++)
        {
            if (i >= underWay)
                _received.Wait();

            _wanted.Release();
            for (var sent = 0; sent < bytes;)
                sent += _send.Send(_out.AsSpan(Buffer(i) + sent, bytes - sent));
        }

        for (var i = 0; i < Math.Min(times, underWay); i++)
            _received.Wait();
    }

    /// <summary>One side sends and waits for the answer, the other answers.</summary>
    public void PingPong(int bytes, int times, bool isFirst)
    {
        _bytes = bytes;
        for (var i = 0; i < times; i++)
        {
            _wanted.Release();
            if (isFirst)
                _send.Send(_out.AsSpan(0, bytes));

            _received.Wait();
            if (!isFirst)
                _send.Send(_out.AsSpan(0, bytes));
        }
    }

    public void Dispose()
    {
        _send.Dispose();
        _receive.Dispose();
        _wanted.Release();
        _receiver.Join();
        _wanted.Dispose();
        _received.Dispose();
    }

    private static Socket Prepared(Socket socket)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = socket.ReceiveBufferSize = 4 << 20;
        return socket;
    }

    private int Buffer(int time) => time % _buffers * _bytes;

    private void ReceiveAll()
    {
        try
        {
            for (var i = 0; ; i++)
            {
                _wanted.Wait();
                for (var received = 0; received < _bytes;)
                {
                    var count = _receive.Receive(_in.AsSpan(Buffer(i) + received, _bytes - received));
                    if (count == 0)
                        return;

                    received += count;
                }

                _received.Release();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }
}
