namespace AkkaCp.Collectives.Connecting;

/// <summary>How many connections may be in their handshake at a time, and how long each.</summary>
public sealed record HandshakeRules
{
    /// <summary>Handshakes under way at most.</summary>
    public required int Most { get; init; }

    /// <summary>The longest that a handshake may take as a whole.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one that has said nothing keeps its place from others: a round trip round the world, for who means it speaks at once. With
    /// 64 places, 400 silent connections that are made anew as soon as they are closed hold a newcomer up for less than 2 s.
    /// </summary>
    public TimeSpan Silent { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long one that has said something keeps its place from others: a TLS handshake on a busy machine.</summary>
    public TimeSpan Spoken { get; init; } = TimeSpan.FromMilliseconds(500);
}
