using System.Net;
using System.Net.Sockets;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>
/// Connections to a port that mean no good: they say nothing, or a byte now and then, or garbage, or announce what is too long, or begin
/// TLS and leave it there. Each is made anew soon after it is closed.
/// </summary>
internal sealed class Flood : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    // The begin of a TLS client's first message: record, handshake, the length of what does not follow.
    private static readonly byte[] s_halfHello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
    private static readonly byte[] s_tooLong = [0xff, 0xff, 0xff, 0x7f];
    private static readonly byte[] s_halfFrame = [200, 0, 0, 0, 1, 2, 3];

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _all = [];
    private int _closed;

    private Flood()
    {
    }

    /// <summary>Connections that the other side has closed.</summary>
    public int Closed => Volatile.Read(ref _closed);

    /// <summary>Begins.</summary>
    /// <param name="port">Of this machine.</param>
    /// <param name="count">Connections at a time.</param>
    public static Flood At(int port, int count)
    {
        var flood = new Flood();
        for (var i = 0; i < count; i++)
        {
            var number = i;
            flood._all.Add(Task.Run(() => flood.RunAsync(port, number)));
        }

        return flood;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_all);
        _stop.Dispose();
    }

    private async Task RunAsync(int port, int number)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
                await SpeakAsync(socket, number);
                while (await socket.ReceiveAsync(new byte[256], SocketFlags.None, _stop.Token) > 0)
                {
                    // Whatever it says, it is not listened to.
                }

                Interlocked.Increment(ref _closed);
                await Task.Delay(s_pause, _stop.Token);
            }
            catch (SocketException)
            {
                // Nobody listens yet, or the other side was quicker to close.
                Interlocked.Increment(ref _closed);
                await Task.WhenAny(Task.Delay(s_pause, _stop.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task SpeakAsync(Socket socket, int number)
    {
        switch (number % 8)
        {
            case 0:
                await socket.SendAsync(s_halfHello, _stop.Token);
                break;
            case 1:
                await socket.SendAsync(s_tooLong, _stop.Token);
                break;
            case 2:
                await socket.SendAsync(s_halfFrame, _stop.Token);
                break;
            case 3:
                var garbage = new byte[100];
                new Random(number).NextBytes(garbage);
                await socket.SendAsync(garbage, _stop.Token);
                break;
            case 4:
                for (var i = 0; i < 30; i++)
                {
                    await socket.SendAsync(new byte[] { 1 }, _stop.Token);
                    await Task.Delay(s_pause, _stop.Token);
                }

                break;
        }
    }
}
