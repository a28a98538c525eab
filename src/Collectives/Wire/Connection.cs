using System.Net.Security;
using System.Net.Sockets;

namespace AkkaCp.Collectives.Wire;

/// <summary>
/// A connected socket, plain or under TLS, for one reading and one writing thread. Calls block; they end when the socket is closed from
/// elsewhere, or when nothing moves for <see cref="Patience"/>. Every failure is an <see cref="IOException"/>.
/// </summary>
internal sealed class Connection(Socket socket, SslStream? tls) : IDisposable
{
    /// <summary>Address of the other side, for messages.</summary>
    public string Remote { get; } = socket.RemoteEndPoint?.ToString() ?? "unknown";

    /// <summary>How long a call waits for the first byte to move.</summary>
    public TimeSpan Patience
    {
        set
        {
            var milliseconds = (int)Math.Clamp(value.TotalMilliseconds, 1, int.MaxValue);
            socket.ReceiveTimeout = milliseconds;
            socket.SendTimeout = milliseconds;
        }
    }

    /// <summary>Whether a short message can be sent without waiting.</summary>
    public bool HasRoom
    {
        get
        {
            try
            {
                return socket.Poll(0, SelectMode.SelectWrite);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>At least one byte, or 0 when the other side has closed.</summary>
    public int Receive(Span<byte> buffer)
    {
        if (tls is not null)
            return tls.Read(buffer);

        var count = socket.Receive(buffer, SocketFlags.None, out var error);
        return error == SocketError.Success ? count : throw Failed("receiving", error);
    }

    /// <summary>All bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (tls is not null)
        {
            tls.Write(bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            var count = socket.Send(bytes, SocketFlags.None, out var error);
            if (error != SocketError.Success)
                throw Failed("sending", error);

            bytes = bytes[count..];
        }
    }

    /// <summary>Whether <see cref="Send(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> costs one system call and no copy, and
    /// <see cref="SendAtOnce"/> can be used.</summary>
    public bool Gathers => tls is null && GatherSend.IsSupported;

    /// <summary>All bytes of both, in this order.</summary>
    public void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var sent = Gathers ? GatherSend.Send(socket.SafeHandle, first, second, mayWait: true) : 0;
        Send(first[Math.Min(sent, first.Length)..]);
        Send(second[Math.Max(0, sent - first.Length)..]);
    }

    /// <summary>What the socket has room for of both, in this order, without waiting; only where it <see cref="Gathers"/>.</summary>
    /// <returns>Bytes sent; none when the connection is down, too, which the next send will tell.</returns>
    public int SendAtOnce(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        GatherSend.Send(socket.SafeHandle, first, second, mayWait: false);

    /// <summary>Exactly these bytes.</summary>
    public void ReceiveAll(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Receive(buffer);
            if (count == 0)
                throw new IOException("the peer closed the connection");

            buffer = buffer[count..];
        }
    }

    /// <summary>Tells the other side that nothing more comes.</summary>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The connection is down already, which is what was asked for.
        }
    }

    /// <summary>Closes the socket and wakes threads that are blocked in it.</summary>
    public void Dispose()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Down already; what is left to do is to give the handle back.
        }

        socket.Dispose();
    }

    private static IOException Failed(string doing, SocketError error) => error == SocketError.TimedOut
        ? new IOException($"nothing moved while {doing} for longer than a live peer is silent")
        : new IOException($"{doing} failed: {error}");
}
