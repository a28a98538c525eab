using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;

namespace AkkaCp.Actors.Links;

/// <summary>Addresses of control planes: Akka's, and <c>host:port</c> as settings and people have them.</summary>
internal static class ControlAddress
{
    /// <summary>The address of an actor system, <c>host:port</c>.</summary>
    public static string Of(ActorSystem system) => Text(((ExtendedActorSystem)system).Provider.DefaultAddress);

    /// <summary>An address as settings have it; empty for one of this process alone.</summary>
    public static string Text(Address address) => address is { Host: { } host, Port: { } port }
        ? string.Create(CultureInfo.InvariantCulture, $"{host}:{port}")
        : "";

    /// <summary>The system of the same cluster at <c>host:port</c>.</summary>
    /// <exception cref="FormatException">It is no such address.</exception>
    public static Address At(ActorSystem system, string hostAndPort)
    {
        var own = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        var colon = hostAndPort.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(hostAndPort.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var port)
            ? new Address(own.Protocol, own.System, Host(hostAndPort[..colon]), port)
            : throw new FormatException($"expected host:port, found {hostAndPort}");
    }

    /// <summary>A host as Akka names it: an IPv6 address in brackets and in its shortest form,
    /// for addresses are compared as text.</summary>
    public static string Host(string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : host;
}
