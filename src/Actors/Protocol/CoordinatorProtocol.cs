using Akka.Actor;

namespace AkkaCp.Actors.Protocol;

/// <summary>What the program asks of the coordinator, and what the coordinator tells itself.</summary>
public static class CoordinatorProtocol
{
    /// <summary>Refuses new requests, gives running ones up to <paramref name="Timeout"/>, disposes the pipelines,
    /// stops the actor.</summary>
    public sealed record Drain(TimeSpan Timeout) : IWireMessage;

    /// <summary>Asks for a picture of the cluster; answered by <see cref="StatusTold"/>.</summary>
    internal sealed class AskStatus : IWireMessage
    {
        public static readonly AskStatus Instance = new();
    }

    /// <summary>The picture.</summary>
    internal sealed record StatusTold(ClusterStatus Status) : IWireMessage;

    /// <summary>The coordinator's home moves: it ends here, and starts elsewhere knowing nothing.</summary>
    internal sealed class HandOver : INoSerializationVerificationNeeded
    {
        public static readonly HandOver Instance = new();
    }

    /// <summary>The drain's time is over.</summary>
    internal sealed class DrainExpired : INoSerializationVerificationNeeded
    {
        public static readonly DrainExpired Instance = new();
    }

    /// <summary>The oldest step inside took too long.</summary>
    internal sealed record StepTimedOut(long Epoch, long Step) : INoSerializationVerificationNeeded;

    /// <summary>A second has passed.</summary>
    internal sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }

    /// <summary>It is time to try again to build the ranks.</summary>
    internal sealed class FormNow : INoSerializationVerificationNeeded
    {
        public static readonly FormNow Instance = new();
    }
}
