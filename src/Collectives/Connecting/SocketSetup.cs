using System.Net.Sockets;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Socket settings of the data plane.</summary>
internal static class SocketSetup
{
    /// <summary>Before connecting or listening, so that the window can grow to the buffers.</summary>
    public static void SizeBuffers(Socket socket, DataPlaneOptions options)
    {
        if (options.SocketBufferBytes > 0)
        {
            socket.SendBufferSize = options.SocketBufferBytes;
            socket.ReceiveBufferSize = options.SocketBufferBytes;
        }
    }

    /// <summary>Frames leave at once, and nothing blocks for longer than the patience.</summary>
    public static void Prepare(Socket socket, DataPlaneOptions options, TimeSpan patience)
    {
        SizeBuffers(socket, options);
        socket.NoDelay = true;
        socket.SendTimeout = socket.ReceiveTimeout = (int)patience.TotalMilliseconds;
    }
}
