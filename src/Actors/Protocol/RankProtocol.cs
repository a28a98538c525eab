using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// The conversation between the coordinator and a rank's actor. The coordinator closes whatever is open on every rank, then opens a
/// new epoch on every rank, then runs its steps; each step is answered by <see cref="StepAccepted"/> once the pipeline took it and by
/// <see cref="StepEnded"/>, in either order. <see cref="RankLost"/> ends an epoch.
/// </summary>
public static class RankProtocol
{
    /// <summary>From the coordinator to a rank.</summary>
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

    /// <summary>Disposes the pipeline of an earlier epoch, if there is one; answered by <see cref="Closed"/>.</summary>
    /// <param name="Epoch">The epoch that this makes room for.</param>
    /// <param name="Timeout">How long to wait for a pipeline that does not end; then it is left to itself.</param>
    public sealed record Close(long Epoch, TimeSpan Timeout) : ICommand;

    /// <summary>Builds a pipeline; answered by <see cref="Opened"/> or <see cref="OpenFailed"/>.</summary>
    public sealed record Open(long Epoch) : ICommand;

    /// <summary>Runs a step.</summary>
    public sealed record RunStep(StepPlan Plan) : ICommand
    {
        /// <inheritdoc/>
        public long Epoch => Plan.Epoch;
    }

    /// <summary>No pipeline is left.</summary>
    public sealed record Closed(long Epoch, int Rank) : IEvent;

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
}
