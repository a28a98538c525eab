namespace AkkaCp.Actors.Protocol;

/// <summary>A node as the coordinator sees it.</summary>
/// <param name="Offer">What it brings.</param>
/// <param name="Control">Its control-plane address, <c>host:port</c>; empty in one process.</param>
/// <param name="Status">What it said last.</param>
/// <param name="Facts">Its facts.</param>
/// <param name="Silence">Since it was last heard of.</param>
/// <param name="Refusal">Why it is refused; empty when it is not.</param>
public sealed record NodeReport(
    NodeOffer Offer, string Control, NodeStatus Status, GroupFacts Facts, TimeSpan Silence, string Refusal);
