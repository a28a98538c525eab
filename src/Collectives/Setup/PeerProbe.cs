namespace AkkaCp.Collectives.Setup;

/// <summary>What a probe of a process's data port found.</summary>
/// <param name="Problem">Why it was not reached or refused; null when it answered.</param>
/// <param name="RoundTrip">Median of small frames there and back; zero without an answer.</param>
/// <param name="BytesPerSecond">Payload bytes there and back over the time; zero when none were sent.</param>
public sealed record PeerProbe(string? Problem, TimeSpan RoundTrip, double BytesPerSecond);
