namespace AkkaCp.Actors.Protocol;

/// <summary>The life of a node.</summary>
public enum NodeState
{
    /// <summary>It looks for the cluster, or the cluster has not taken it.</summary>
    Joining,

    /// <summary>It loads the shards of its ranks.</summary>
    Loading,

    /// <summary>Its shards are loaded: it waits for a group, or stands by as a spare.</summary>
    Ready,

    /// <summary>Its ranks are part of the group.</summary>
    Serving,

    /// <summary>It is leaving: its ranks go to other nodes.</summary>
    Draining,

    /// <summary>It has left.</summary>
    Stopped,
}
