using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Edge;

/// <summary>What an edge is to do.</summary>
internal abstract record EdgeEffect
{
    private EdgeEffect()
    {
    }

    /// <summary>Ask for the coordinator.</summary>
    public sealed record Locate : EdgeEffect;

    /// <summary>Tell the coordinator.</summary>
    public sealed record Send(GenerationProtocol.ICommand Command) : EdgeEffect;

    /// <summary>Give the client a reply; a terminal one is the last.</summary>
    public sealed record Give(GenerationProtocol.IReply Reply) : EdgeEffect;

    /// <summary>Say that the request waits for the cluster; once for each time that it does.</summary>
    public sealed record Delay(ClusterWait Wait) : EdgeEffect;
}
