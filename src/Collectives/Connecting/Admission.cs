namespace AkkaCp.Collectives.Connecting;

/// <summary>What becomes of a connection after its hello.</summary>
/// <param name="Answer">Told to the dialling side.</param>
/// <param name="Work">Runs on the connection's thread after a welcome; null when there is none.</param>
/// <param name="Refusal">How to count it; null when it is not refused.</param>
/// <param name="IsProbe">It stays among the connections that are limited in number.</param>
internal sealed record Admission(HelloAnswer Answer, Action? Work, RefusalKind? Refusal = null, bool IsProbe = false);
