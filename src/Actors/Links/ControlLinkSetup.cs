using Akka.Actor.Setup;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Actors.Links;

/// <summary>What <see cref="ControlTransport"/> needs beside Akka's configuration.</summary>
/// <param name="tls">Files for TLS; null where it is off.</param>
internal sealed class ControlLinkSetup(TlsFiles? tls) : Setup
{
    /// <summary>Files for TLS; null where it is off.</summary>
    public TlsFiles? Tls { get; } = tls;
}
