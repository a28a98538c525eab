namespace AkkaCp.Actors.Protocol;

/// <summary>What the coordinator is doing.</summary>
public enum CoordinatorPhase
{
    /// <summary>Ranks are being built; requests wait in the queue.</summary>
    Forming,

    /// <summary>Steps run.</summary>
    Serving,

    /// <summary>Running requests end, new ones are refused.</summary>
    Draining,

    /// <summary>Nothing runs, nothing is taken.</summary>
    Stopped,
}
