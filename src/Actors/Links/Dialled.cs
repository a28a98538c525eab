using Akka.Actor;

namespace AkkaCp.Actors.Links;

/// <summary>On the event stream: what became of a connection to a process.</summary>
/// <param name="Remote">Its address, as it was dialled.</param>
/// <param name="Problem">Why it cannot be talked to, in words; null when it can.</param>
internal sealed record Dialled(Address Remote, string? Problem);
