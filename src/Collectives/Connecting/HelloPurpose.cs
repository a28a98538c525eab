namespace AkkaCp.Collectives.Connecting;

/// <summary>What a connection is for.</summary>
internal enum HelloPurpose : byte
{
    /// <summary>Frames of the dialling process's ranks.</summary>
    Ranks = 1,

    /// <summary>A test of the way, which needs no epoch: bytes come back.</summary>
    Probe = 2,
}
