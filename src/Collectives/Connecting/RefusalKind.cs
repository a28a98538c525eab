namespace AkkaCp.Collectives.Connecting;

/// <summary>Why connections are refused, for counting and logging each kind by itself.</summary>
internal enum RefusalKind
{
    /// <summary>Another program, or garbage.</summary>
    Stranger,

    /// <summary>No hello in time, or it broke off.</summary>
    Silent,

    /// <summary>No good certificate.</summary>
    Certificate,

    /// <summary>More handshakes at once than allowed.</summary>
    Crowd,

    /// <summary>Another version, an epoch that is over, or facts that differ.</summary>
    Mismatch,

    /// <summary>Ranks that another connection has already.</summary>
    Duplicate,
}
