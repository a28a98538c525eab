using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// What a correct rank keeps and gives, and asserts of every plan: steps count from 1, a request's positions are contiguous, its blocks
/// hold exactly its tokens, and nothing comes of a released request. A block has one owner, but those that were full before a request's
/// first step may be others', too. What a request reads is what its blocks hold: each slot keeps the context behind its token.
/// </summary>
internal sealed class FakeRanks(int worldSize, int cpSize, int kvBlocks, int blockSize)
{
    private readonly Dictionary<long, (int Computed, List<int> Blocks)> _requests = [];
    private readonly Dictionary<int, int> _holders = [];
    private readonly Dictionary<int, (ulong Before, List<ulong> Contexts, long Step)> _content = [];
    private readonly HashSet<long> _failed = [];
    private long _epoch = -1;
    private long _step;
    private long _ended;

    public int BlocksInUse => _holders.Count;

    /// <summary>Tokens of requests that were not computed.</summary>
    public long Reused { get; private set; }

    /// <summary>How long a step takes.</summary>
    public Func<StepPlan, TimeSpan> TimeOf { get; set; } = _ => TimeSpan.FromMilliseconds(1);

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
                new StepStats(1, 100, TimeOf(plan)))),
        ];
    }

    /// <summary>A step has left the ranks, all before it, too. What one has written that failed is anything.</summary>
    public void End(long step, bool failed = false)
    {
        _ended = Math.Max(_ended, step);
        if (failed)
            _failed.Add(step);
    }

    /// <summary>The ranks are built anew, with empty pools.</summary>
    public void Reset()
    {
        _requests.Clear();
        _holders.Clear();
        _content.Clear();
        _failed.Clear();
        _ended = 0;
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
        {
            if (--_holders[block] == 0)
                _holders.Remove(block);
        }
    }

    private RequestSample? Compute(StepRequest share)
    {
        if (share.Start is not null)
            Start(share);
        Assert.True(_requests.TryGetValue(share.SequenceId, out var state), $"request {share.SequenceId} has started");
        Assert.Equal(state.Computed, share.Prefix);
        Assert.NotEmpty(share.Tokens);
        if (share.IsDecode)
            Assert.True(share is { Sample: true, Tokens.Length: 1 });

        foreach (var block in share.NewBlocks.Skip(share.Start is null ? 0 : share.Prefix / blockSize))
        {
            Assert.InRange(block, 1, kvBlocks - 1);
            Assert.True(_holders.TryAdd(block, 1), $"block {block} has one owner");
            _content[block] = (0, [], _step);
            state.Blocks.Add(block);
        }

        var computed = share.Prefix + share.Tokens.Length;
        _requests[share.SequenceId] = (computed, state.Blocks);
        Assert.Equal((computed + blockSize - 1) / blockSize, state.Blocks.Count);
        Write(share, state.Blocks);
        return share.Sample ? new RequestSample(share.SequenceId, FakeModel.Sample(Before(state.Blocks, state.Blocks.Count))) : null;
    }

    /// <summary>Blocks in front of the first step are full, of steps that have ended well, and behind each other.</summary>
    private void Start(StepRequest share)
    {
        Assert.Equal(0, share.Prefix % blockSize);
        var blocks = new List<int>();
        foreach (var block in share.NewBlocks.Take(share.Prefix / blockSize))
        {
            Assert.True(_content.TryGetValue(block, out var content), $"block {block} is shared and has content");
            Assert.Equal(blockSize, content.Contexts.Count);
            Assert.Equal(Before(blocks, blocks.Count), content.Before);
            Assert.InRange(content.Step, 1, _ended);
            Assert.DoesNotContain(content.Step, _failed);
            _holders[block] = _holders.GetValueOrDefault(block) + 1;
            blocks.Add(block);
        }

        Reused += share.Prefix;
        Assert.True(_requests.TryAdd(share.SequenceId, (share.Prefix, blocks)), $"request {share.SequenceId} starts once");
    }

    private void Write(StepRequest share, List<int> blocks)
    {
        for (var i = 0; i < share.Tokens.Length; i++)
        {
            var (block, slot) = Math.DivRem(share.Prefix + i, blockSize);
            var (before, contexts, _) = _content[blocks[block]];
            Assert.Equal(slot, contexts.Count);
            contexts.Add(FakeModel.Read(slot == 0 ? Before(blocks, block) : contexts[^1], share.Tokens[i]));
            _content[blocks[block]] = (Before(blocks, block), contexts, _step);
        }
    }

    private ulong Before(List<int> blocks, int block) => block == 0 ? 0 : _content[blocks[block - 1]].Contexts[^1];
}
