namespace AkkaCp.Settings;

/// <summary>Keys of akka-cp.server that bound what clients may ask for at a time, and how long anything may take.</summary>
public sealed record ServerLimits
{
    /// <summary>Requests in the service at a time, of all who ask together. Default auto: as many as the scheduler takes.</summary>
    public int? MaxRequests { get; init; }

    /// <summary>Requests at a time of one key, or of one address where no keys are asked for. Default 0, off.</summary>
    public int RequestsPerKey { get; init; }

    /// <summary>Requests a minute of one key, or of one address where no keys are asked for. Default 0, off.</summary>
    public int RequestsPerMinute { get; init; }

    /// <summary>How long a whole answer may take. Default off, null: as long as it takes.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>How long a request's headers may take to arrive. Default 30 s.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request's body may take to arrive. Default 60 s.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may stay without a request. Default 130 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Bytes of a request's headers at most. Default 32 KiB.</summary>
    public int MaxHeaders { get; init; } = 32 << 10;

    internal static ServerLimits Read(SettingsSection section) => new()
    {
        MaxRequests = section.IntOrAuto("server.max-requests", 1),
        RequestsPerKey = section.IntOrOff("server.requests-per-key", 1),
        RequestsPerMinute = section.IntOrOff("server.requests-per-minute", 1),
        RequestTimeout = section.DurationOrOff("server.request-timeout"),
        HeadersTimeout = section.Duration("server.headers-timeout"),
        BodyTimeout = section.Duration("server.body-timeout"),
        KeepAliveTimeout = section.Duration("server.keep-alive-timeout"),
        MaxHeaders = (int)section.Bytes("server.max-headers", 1 << 10, 16 << 20),
    };
}
