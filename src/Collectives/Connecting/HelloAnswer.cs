namespace AkkaCp.Collectives.Connecting;

/// <summary>What a process answers to a hello.</summary>
/// <param name="Verdict">Whether the connection stands.</param>
/// <param name="Reason">Why not; empty when it does.</param>
internal sealed record HelloAnswer(HelloVerdict Verdict, string Reason)
{
    public static HelloAnswer Welcome { get; } = new(HelloVerdict.Welcome, "");

    public static HelloAnswer NotYet(string reason) => new(HelloVerdict.NotYet, reason);

    public static HelloAnswer Refused(string reason) => new(HelloVerdict.Refused, reason);
}
