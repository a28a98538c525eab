using Akka.Actor.Setup;

namespace AkkaCp.Actors.Links;

/// <summary>What <see cref="ControlTransport"/> needs beside Akka's configuration.</summary>
/// <param name="security">What TLS needs; null where it is off.</param>
internal sealed class ControlLinkSetup(ControlSecurity? security) : Setup
{
    /// <summary>What TLS needs; null where it is off.</summary>
    public ControlSecurity? Security { get; } = security;
}
