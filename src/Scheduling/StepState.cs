using System.Collections.Immutable;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Scheduling;

/// <summary>A step inside the ranks.</summary>
/// <param name="Plan">What the ranks do in it.</param>
public sealed record StepState(StepPlan Plan)
{
    /// <summary>Ranks whose pipelines took the plan. A result says so, too: it may come before the word.</summary>
    public ImmutableHashSet<int> Accepted { get; private init; } = [];

    /// <summary>What ranks have reported.</summary>
    public ImmutableSortedDictionary<int, StepResult> Results { get; private init; } = ImmutableSortedDictionary<int, StepResult>.Empty;

    /// <summary>Notes that a rank's pipeline took the plan.</summary>
    internal StepState Accept(int rank) => this with { Accepted = Accepted.Add(rank) };

    /// <summary>Notes a rank's result; a second one changes nothing.</summary>
    internal StepState Report(StepResult result) => Results.ContainsKey(result.Rank)
        ? this
        : this with { Results = Results.Add(result.Rank, result), Accepted = Accepted.Add(result.Rank) };

    /// <summary>
    /// The fault that says most about the cause. A rank that failed makes its peers report an aborted or lost peer, and a stopped
    /// pipeline says little about why; of equals, the lowest rank's.
    /// </summary>
    internal PipelineFault? MergedFault() => Results.Values
        .Select(result => result.Fault)
        .OfType<PipelineFault>()
        .MinBy(fault => CauseRank(fault.Kind));

    /// <summary>The token of a request; null when no rank gave one.</summary>
    internal SampledToken? TokenOf(long sequenceId) =>
        SamplesOf(sequenceId).Select(sample => sample.Token).FirstOrDefault(token => token is not null);

    /// <summary>Why a request fails alone, whichever rank has its bad row; null when none has. Of several ranks', the lowest's.</summary>
    internal PipelineFault? FaultOf(long sequenceId) =>
        SamplesOf(sequenceId).Select(sample => sample.Fault).FirstOrDefault(fault => fault is not null);

    private IEnumerable<RequestSample> SamplesOf(long sequenceId) =>
        Results.Values.SelectMany(result => result.Samples).Where(sample => sample.SequenceId == sequenceId);

    private static int CauseRank(FaultKind kind) => kind switch
    {
        FaultKind.StageFailed or FaultKind.NonFiniteLogits => 0,
        FaultKind.RankLost => 1,
        FaultKind.CollectiveMismatch => 2,
        FaultKind.PeerLost => 3,
        FaultKind.PeerAborted => 5,
        _ => 4,
    };
}
