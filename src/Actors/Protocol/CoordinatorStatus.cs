using AkkaCp.Scheduling;

namespace AkkaCp.Actors.Protocol;

/// <summary>A picture of the coordinator after one of its turns.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Epoch">Incarnation of the group of ranks; above 1 after ranks were built anew.</param>
/// <param name="Queued">Requests that wait.</param>
/// <param name="Running">Requests that hold KV.</param>
/// <param name="StepsInFlight">Steps inside the ranks.</param>
/// <param name="StepsDone">Steps that all ranks have ended, all epochs.</param>
/// <param name="FreeKvBlocks">KV blocks that no request holds, those that are kept for later ones among them.</param>
/// <param name="TotalKvBlocks">KV blocks of a rank's pool.</param>
/// <param name="CachedTokens">Tokens that requests did not compute, because earlier ones had; since the coordinator began.</param>
/// <param name="PutBacks">How often running requests were put back in the queue for want of KV blocks; since the coordinator began.</param>
public sealed record CoordinatorStatus(
    CoordinatorPhase Phase, long Epoch, int Queued, int Running, int StepsInFlight, long StepsDone, int FreeKvBlocks, int TotalKvBlocks,
    long CachedTokens, long PutBacks)
{
    /// <summary>Of a coordinator with this state.</summary>
    internal static CoordinatorStatus Of(CoordinatorPhase phase, SchedulerState state) => new(
        phase, state.Epoch, state.QueuedCount, state.RunningCount, state.InFlight.Count, state.StepsDone, state.FreeKvBlocks,
        state.UsableKvBlocks, state.CachedTokens, state.PutBacks);
}
