namespace AkkaCp.Collectives.Setup;

/// <summary>How a process takes and makes data connections. Defaults suit ranks on one machine.</summary>
public sealed record DataPlaneOptions
{
    /// <summary>Address to listen on: an IP address, or a name that has one. Exactly this address is bound. Without
    /// <see cref="Tls"/> and without <see cref="Insecure"/> it must be a loopback address. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port to listen on, 0 to 65535; 0, the default, takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Host that peers dial when it is not <see cref="Host"/>, as behind address translation; null for the same.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Port that peers dial when it is not the bound one; null for the same.</summary>
    public int? AdvertisedPort { get; init; }

    /// <summary>Certificates for TLS 1.3 with client certificates; null, the default, for plain TCP.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>Allows plain TCP on addresses other than loopback. Whoever reaches the port can then read and write
    /// activations. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>How long <see cref="IDataPlane.ConnectAsync"/> tries to reach all peers. Default 30 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a new connection may take for its handshake, TLS included. Default 5 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A peer from which nothing comes for this long, heartbeats included, is lost. It bounds the detection of a peer that
    /// vanished without closing its connections, never the wait for a slow one. Default 10 s.</summary>
    public TimeSpan LivenessTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An idle connection sends a heartbeat this often; at most a third of <see cref="LivenessTimeout"/>. Default 1 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections that may be in their handshake at once, 1 or more; further ones wait until one of these
    /// is done or has had its time. Default 64.</summary>
    public int MaxPendingHandshakes { get; init; } = 64;

    /// <summary>Send and receive buffer asked of the kernel for each connection, bytes; 0 leaves it to the kernel. Default 4 MiB.</summary>
    public int SocketBufferBytes { get; init; } = 4 << 20;

    /// <summary>Payloads up to this size travel before the receiver has posted its call, and wait in memory set aside for them; larger
    /// ones wait at their sender. Equal on all nodes. Bytes, default 64 KiB.</summary>
    public int EagerBytes { get; init; } = 64 << 10;

    /// <summary>Eager payloads of one peer that may wait at a receiver, 1 to 1024; equal on all nodes. Default 32.</summary>
    public int EagerFrames { get; init; } = 32;

    /// <summary>Groups over at least this many processes, 3 or more, gather large payloads round a ring, smaller groups by direct
    /// exchange; equal on all nodes. Default 5.</summary>
    public int RingProcesses { get; init; } = 5;

    /// <summary>The largest of a gather's blocks from which on it goes round the ring; equal on all nodes. Bytes, default 8 MiB: below,
    /// a ring's steps cost more than many transfers at once.</summary>
    public int RingBytes { get; init; } = 8 << 20;
}
