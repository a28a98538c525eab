using Akka.Actor;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// A request or a heartbeat of a program of another version, whose format is not known here. Both begin with an id in every version, so
/// that whoever sent it can be refused by name.
/// </summary>
/// <param name="Manifest">Type and version of the format.</param>
/// <param name="Id">The request, or the node's incarnation.</param>
internal sealed record Foreign(string Manifest, Guid Id) : INoSerializationVerificationNeeded
{
    public const string Submit = "submit";
    public const string Heartbeat = "pulse";

    /// <summary>Type of the message.</summary>
    public string Kind => Manifest.Split('/')[0];

    /// <summary>Whether messages of this manifest are met by a refusal.</summary>
    public static bool IsMet(string manifest) => manifest.Split('/') is [Submit or Heartbeat, _];
}
