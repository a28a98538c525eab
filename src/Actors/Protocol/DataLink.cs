namespace AkkaCp.Actors.Protocol;

/// <summary>How well one node reaches another on the data plane.</summary>
/// <param name="RoundTrip">Of a small frame; zero when it could not be reached.</param>
/// <param name="BytesPerSecond">Of large frames; zero when it could not be reached, or was not measured.</param>
/// <param name="Error">Why it could not be reached, in one line; null when it was.</param>
public sealed record DataLink(TimeSpan RoundTrip, double BytesPerSecond, string? Error = null);
