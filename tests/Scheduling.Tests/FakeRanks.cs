using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// What a correct rank keeps and gives, and asserts of every plan: steps count from 1, a request's positions are contiguous, its blocks
/// hold exactly its tokens, no block has two owners, and nothing comes of a released request.
/// </summary>
internal sealed class FakeRanks(int worldSize, int cpSize, int kvBlocks, int blockSize)
{
    private readonly Dictionary<long, (int Computed, List<int> Blocks)> _requests = [];
    private readonly Dictionary<int, long> _owners = [];
    private long _epoch = -1;
    private long _step;

    public int BlocksInUse => _owners.Count;

    /// <summary>Checks a plan and gives each rank's result.</summary>
    public IReadOnlyList<StepResult> Run(StepPlan plan)
    {
        Begin(plan);
        foreach (var released in plan.Released)
            Release(released);
        Assert.Equal(plan.Requests.Length, plan.Requests.Select(share => share.SequenceId).Distinct().Count());
        var samples = plan.Requests.Select(share => (share.Placement.Owner, Sample: Compute(share)))
            .Where(pair => pair.Sample is not null).ToList();
        var ranksPerCp = worldSize / cpSize;
        return
        [
            .. Enumerable.Range(0, worldSize).Select(rank => new StepResult(plan.Epoch, plan.Step, rank,
                [.. samples.Where(pair => rank == pair.Owner * ranksPerCp).Select(pair => pair.Sample!)], null,
                new StepStats(1, 100, TimeSpan.FromMilliseconds(1)))),
        ];
    }

    /// <summary>The ranks are built anew, with empty pools.</summary>
    public void Reset()
    {
        _requests.Clear();
        _owners.Clear();
    }

    /// <summary>The same results with one rank's fault in place of its samples.</summary>
    public static IReadOnlyList<StepResult> Fail(IReadOnlyList<StepResult> results, int rank, FaultKind kind) =>
    [
        .. results.Select(result => result.Rank == rank
            ? result with { Samples = [], Fault = new PipelineFault(kind, "Moe", 3, rank, result.Step, "broken") }
            : kind == FaultKind.StageFailed
                ? result with
                {
                    Samples = [],
                    Fault = new PipelineFault(FaultKind.PeerAborted, "KvConcatGather", 3, result.Rank, result.Step, "gone"),
                }
                : result),
    ];

    private void Begin(StepPlan plan)
    {
        if (plan.Epoch != _epoch)
        {
            Assert.True(plan.Epoch > _epoch, "epochs grow");
            Reset();
            (_epoch, _step) = (plan.Epoch, 0);
        }

        Assert.Equal(++_step, plan.Step);
        Assert.False(plan.Requests.IsEmpty && plan.Released.IsEmpty, "a plan has something to do");
    }

    private void Release(long request)
    {
        Assert.True(_requests.Remove(request, out var state), $"request {request} is known when it is released");
        foreach (var block in state.Blocks)
            _owners.Remove(block);
    }

    private RequestSample? Compute(StepRequest share)
    {
        if (share.Start is not null)
            Assert.True(_requests.TryAdd(share.SequenceId, (0, [])), $"request {share.SequenceId} starts once");
        Assert.True(_requests.TryGetValue(share.SequenceId, out var state), $"request {share.SequenceId} has started");
        Assert.Equal(state.Computed, share.Prefix);
        Assert.NotEmpty(share.Tokens);
        if (share.IsDecode)
            Assert.True(share is { Sample: true, Tokens.Length: 1 });

        foreach (var block in share.NewBlocks)
        {
            Assert.InRange(block, 1, kvBlocks - 1);
            Assert.True(_owners.TryAdd(block, share.SequenceId), $"block {block} has one owner");
            state.Blocks.Add(block);
        }

        var computed = share.Prefix + share.Tokens.Length;
        _requests[share.SequenceId] = (computed, state.Blocks);
        Assert.Equal((computed + blockSize - 1) / blockSize, state.Blocks.Count);
        return share.Sample ? new RequestSample(share.SequenceId, FakeModel.Sample(computed - 1, share.Tokens[^1])) : null;
    }
}
