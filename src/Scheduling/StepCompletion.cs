using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// What a rank's result does to the state. A step is done when all ranks have reported it, and every step before it is done: a result that
/// was lost comes again seconds later, behind those of later steps, and a request's chunks are counted in order.
/// </summary>
public static class StepCompletion
{
    /// <summary>Takes one rank's result; one of another epoch, an unknown step or rank changes nothing.</summary>
    public static Transition Record(this SchedulerState state, StepResult result)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(result);
        if (result.Epoch != state.Epoch || (uint)result.Rank >= (uint)state.Limits.WorldSize
            || !state.InFlight.TryGetValue(result.Step, out var step))
        {
            return Transition.To(state);
        }

        step = step.Report(result);
        state = state with { InFlight = state.InFlight.SetItem(result.Step, step) };
        if (!IsReported(state, step))
            return Transition.To(state);

        // A group that broke takes its steps with it: their requests are computed again in the next epoch, so nothing of them ends here.
        var fault = step.MergedFault();
        return LeavesRanksApart(fault) ? Transition.To(state with { EpochFault = state.EpochFault ?? fault }) : CompleteReported(state);
    }

    private static Transition CompleteReported(SchedulerState state)
    {
        var transition = Transition.To(state);
        while (!transition.State.NeedsNewEpoch && transition.State.InFlight.Values.FirstOrDefault() is { } oldest
            && IsReported(transition.State, oldest))
        {
            transition = transition.Then(current => Complete(current, oldest));
        }

        return transition;
    }

    private static bool IsReported(SchedulerState state, StepState step) => step.Results.Count == state.Limits.WorldSize;

    private static Transition Complete(SchedulerState state, StepState step)
    {
        var fault = step.MergedFault();
        var done = state with { InFlight = state.InFlight.Remove(step.Plan.Step), StepsDone = state.StepsDone + 1 };
        if (fault is null)
            done = done with { Pace = state.Pace.Add(step, state.Limits) };
        return step.Plan.Requests.Aggregate(
            Transition.To(done), (so, share) => so.Then(current => CompleteShare(current, step, share, fault)));
    }

    private static bool LeavesRanksApart(PipelineFault? fault) => fault?.Kind is
        FaultKind.PeerLost or FaultKind.PeerAborted or FaultKind.CollectiveMismatch or FaultKind.RankLost or FaultKind.Stopped;

    private static Transition CompleteShare(SchedulerState state, StepState step, StepRequest share, PipelineFault? fault)
    {
        // One that ended while the step was inside may be released already.
        if (!state.Running.TryGetValue(share.SequenceId, out var request))
            return Transition.To(state);
        request = request with { StepsInFlight = request.StepsInFlight - 1 };
        if (request.HasEnded)
            return Transition.To(state.With(request));
        if ((fault ?? step.FaultOf(request.SequenceId)) is { } cause)
            return state.Fail(request, cause);

        var computed = request.Computed;
        request = request with { Computed = share.Prefix + share.Tokens.Length };
        state = state.NameBlocks(request, computed);
        if (share.IsDecode)
            return Advance(state, step, share, request);

        request = request with { Tally = request.Tally.Add(share, step.Results[0].Stats.KvBytesGathered) };
        return Transition.To(state).Say(request.ToProgress()).Then(current => Advance(current, step, share, request));
    }

    private static Transition Advance(SchedulerState state, StepState step, StepRequest share, RequestState request)
    {
        if (share.Sample)
            return TakeSample(state, step, request);
        return request.Computed < request.PrefillEnd
            ? Transition.To(state.With(request))
            : state.Complete(request, CompletionReason.Length);
    }

    private static Transition TakeSample(SchedulerState state, StepState step, RequestState request)
    {
        if (step.TokenOf(request.SequenceId) is not { } token)
            return state.Fail(request, NoSample(step));

        var position = request.Known;
        request = request.Add(token.Id);
        var transition = Transition.To(state.With(request))
            .Say(new GenerationProtocol.TokenGenerated(request.Submit.RequestId, position, token));
        if (request.Submit.StopTokens.Contains(token.Id))
            return transition.Then(current => current.Complete(request, CompletionReason.Stop));
        return request.Known >= request.TokenLimit
            ? transition.Then(current => current.Complete(request, CompletionReason.Length))
            : transition;
    }

    private static PipelineFault NoSample(StepState step) => new(
        FaultKind.StageFailed, "Coordinator", -1, -1, step.Plan.Step, "expected a token from the rank that owns the last row, found none");
}
