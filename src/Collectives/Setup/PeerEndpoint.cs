using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AkkaCp.Collectives.Setup;

/// <summary>Where a process takes data connections.</summary>
/// <param name="Host">IP address or name.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public sealed record PeerEndpoint(string Host, int Port)
{
    /// <summary>Reads host:port; an IPv6 address stands in brackets.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PeerEndpoint? endpoint)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoint = null;
        var colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
        {
            return false;
        }

        var host = text[..colon];
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!bracketed && host.Contains(':', StringComparison.Ordinal))
            return false;

        endpoint = new PeerEndpoint(bracketed ? host[1..^1] : host, port);
        return endpoint.Host.Length > 0;
    }

    /// <summary>host:port.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
