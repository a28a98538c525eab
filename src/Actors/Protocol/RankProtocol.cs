using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// What the coordinator asks of the ranks, through their nodes, and what the ranks answer. The coordinator closes whatever is open on
/// every node, then opens a new epoch, then runs its steps; each step is answered by <see cref="StepAccepted"/> once the pipeline took
/// it and by <see cref="StepEnded"/>, in either order, straight from the rank. <see cref="RankLost"/> ends an epoch. Every command may
/// come twice: it is answered again and done once.
/// </summary>
public static class RankProtocol
{
    /// <summary>How long a rank's pipeline may take to end before it is left to itself.</summary>
    internal static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>From the coordinator to a node, which hands it to its ranks.</summary>
    public interface ICommand : IWireMessage
    {
        /// <summary>The epoch it belongs to.</summary>
        long Epoch { get; }
    }

    /// <summary>From a rank to the coordinator.</summary>
    public interface IEvent : IWireMessage
    {
        /// <summary>The epoch it belongs to.</summary>
        long Epoch { get; }

        /// <summary>Global rank.</summary>
        int Rank { get; }
    }

    /// <summary>Disposes the pipelines of earlier epochs, if there are any; the node answers <see cref="NodeProtocol.Closed"/>.</summary>
    /// <param name="Epoch">The epoch that this makes room for; above all that the node has seen.</param>
    /// <param name="Timeout">How long to wait for a pipeline that does not end; then it is left to itself.</param>
    public sealed record Close(long Epoch, TimeSpan Timeout) : ICommand;

    /// <summary>Builds the pipelines of the node's ranks; each answers <see cref="Opened"/> or <see cref="OpenFailed"/>.</summary>
    public sealed record Open(EpochTable Table) : ICommand
    {
        /// <inheritdoc/>
        public long Epoch => Table.Epoch;
    }

    /// <summary>Runs a step.</summary>
    public sealed record RunStep(StepPlan Plan) : ICommand
    {
        /// <summary>Where logits go of requests that begin in this step and ask for all of them.</summary>
        internal ImmutableArray<LogitsProtocol.Route> Routes { get; init; } = [];

        /// <inheritdoc/>
        public long Epoch => Plan.Epoch;
    }

    /// <summary>Asks for a step's result again: what was said of it may have been lost.</summary>
    public sealed record Resend(long Epoch, long Step) : ICommand;

    /// <summary>The pipeline takes plans.</summary>
    public sealed record Opened(long Epoch, int Rank) : IEvent;

    /// <summary>The pipeline could not be built.</summary>
    public sealed record OpenFailed(long Epoch, int Rank, string Message) : IEvent;

    /// <summary>The pipeline took the plan.</summary>
    public sealed record StepAccepted(long Epoch, long Step, int Rank) : IEvent;

    /// <summary>The step is done on this rank, well or not.</summary>
    public sealed record StepEnded(StepResult Result) : IEvent
    {
        /// <inheritdoc/>
        public long Epoch => Result.Epoch;

        /// <inheritdoc/>
        public int Rank => Result.Rank;
    }

    /// <summary>The pipeline broke, or takes no more plans: no result comes any more.</summary>
    public sealed record RankLost(long Epoch, int Rank, string Message) : IEvent;

    /// <summary>From a rank to its node: no pipeline of it is left.</summary>
    internal sealed record Closed(long Epoch, int Rank) : INoSerializationVerificationNeeded;
}
