namespace AkkaCp.Actors.Protocol;

/// <summary>How well one node reaches another.</summary>
/// <param name="From">Name of the node that measured.</param>
/// <param name="To">Name of the other.</param>
/// <param name="Control">Round trip of a control message; zero when none came back in time.</param>
/// <param name="Data">The data plane's way.</param>
public sealed record ReachReport(string From, string To, TimeSpan Control, DataLink Data);
