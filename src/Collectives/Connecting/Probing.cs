using System.Buffers.Binary;
using System.Diagnostics;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Connecting;

/// <summary>
/// A test of the way to a process: messages of a length and so many bytes, sent back as they came. The answering side holds one fixed
/// buffer, a bounded number of bytes, and one of the limited handshake places.
/// </summary>
internal static class Probing
{
    /// <summary>The most that one probe sends each way.</summary>
    public const int MaxPayloadBytes = 64 << 20;

    private const int PieceBytes = 64 << 10;
    private const int SmallBytes = 64;
    private const int SmallMessages = 21;
    private const long MaxEchoedBytes = MaxPayloadBytes + (1L << 20);

    /// <summary>The asking side; an answer in bounded time.</summary>
    public static PeerProbe Ask(PeerEndpoint peer, int payloadBytes, DataPlaneOptions options, CancellationToken cancellationToken)
    {
        var hello = new Hello { Purpose = HelloPurpose.Probe };
        using var connection = Dialer.TryDial(peer, hello, options, out var answer, cancellationToken);
        if (connection is null)
            return new PeerProbe(answer.Reason, TimeSpan.Zero, 0);

        try
        {
            using var cancelled = cancellationToken.UnsafeRegister(_ => connection.Dispose(), null);
            var roundTrip = RoundTrip(connection);
            return new PeerProbe(null, roundTrip, payloadBytes == 0 ? 0 : BytesPerSecond(connection, payloadBytes));
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            return new PeerProbe(broken.Message, TimeSpan.Zero, 0);
        }
    }

    /// <summary>The answering side, until the other closes or has had its share.</summary>
    public static void Answer(Connection connection)
    {
        var buffer = new byte[PieceBytes];
        long echoed = 0;
        try
        {
            while (echoed < MaxEchoedBytes)
            {
                connection.ReceiveAll(buffer.AsSpan(0, sizeof(int)));
                var length = BinaryPrimitives.ReadInt32LittleEndian(buffer);
                if (length < 0 || length > PieceBytes)
                    return;

                connection.ReceiveAll(buffer.AsSpan(0, length));
                connection.Send(buffer.AsSpan(0, length));
                echoed += length + sizeof(int);
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // The asking side has what it wanted, or is gone; either way nobody waits here.
        }
        finally
        {
            connection.Dispose();
        }
    }

    private static TimeSpan RoundTrip(Connection connection)
    {
        var message = Message(SmallBytes);
        var times = new TimeSpan[SmallMessages];
        for (var i = 0; i < times.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Echo(connection, message);
            times[i] = Stopwatch.GetElapsedTime(start);
        }

        Array.Sort(times);
        return times[times.Length / 2];
    }

    private static double BytesPerSecond(Connection connection, int payloadBytes)
    {
        var pieces = (payloadBytes + PieceBytes - 1) / PieceBytes;
        var start = Stopwatch.GetTimestamp();
        // Sending and receiving at once, so that the way is full and not just its delay is measured.
        var sending = DataThread.Start("probe", () => SendAll(connection, pieces));
        var buffer = new byte[sizeof(int) + PieceBytes];
        for (var i = 0; i < pieces; i++)
            connection.ReceiveAll(buffer.AsSpan(0, PieceBytes));

        var rate = 2.0 * pieces * PieceBytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
        sending.GetAwaiter().GetResult();
        return rate;
    }

    private static void SendAll(Connection connection, int pieces)
    {
        var message = Message(PieceBytes);
        for (var i = 0; i < pieces; i++)
            connection.Send(message);
    }

    private static byte[] Message(int bytes)
    {
        var message = new byte[sizeof(int) + bytes];
        BinaryPrimitives.WriteInt32LittleEndian(message, bytes);
        return message;
    }

    private static void Echo(Connection connection, byte[] message)
    {
        connection.Send(message);
        connection.ReceiveAll(message.AsSpan(sizeof(int)));
    }
}
