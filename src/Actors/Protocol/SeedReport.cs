namespace AkkaCp.Actors.Protocol;

/// <summary>What a seed says of itself.</summary>
/// <param name="Address">The seed, <c>host:port</c>.</param>
/// <param name="RoundTrip">Of one control message; zero when it did not answer.</param>
/// <param name="Status">Its state; null when it did not answer.</param>
/// <param name="Coordinator">Control-plane address of the coordinator that it knows; empty when it knows none.</param>
public sealed record SeedReport(string Address, TimeSpan RoundTrip, NodeStatus? Status, string Coordinator);
