using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Plays the actor around a <see cref="SchedulerState"/>: keeps plans in flight, replies, and the fake ranks.</summary>
internal sealed class SchedulerDriver
{
    private readonly Queue<(StepPlan Plan, IReadOnlyList<StepResult> Results)> _inside = new();
    private readonly HashSet<int> _held = [];
    private long _ids;

    public SchedulerDriver(
        StepLimits? limits = null, int world = 2, int cp = 2, int kvBlocks = 1001, int blockSize = 16, int context = 200_000,
        CpPolicySettings? policy = null, bool prefixCache = true, int ahead = 256)
    {
        Limits = new SchedulerLimits(
            world, cp, FakeModel.VocabSize, context, kvBlocks, blockSize, limits ?? new StepLimits(),
            policy ?? new CpPolicySettings { MinTokens = 8 })
        {
            PrefixCache = prefixCache,
            TokensAhead = ahead,
        };
        Ranks = new FakeRanks(world, cp, kvBlocks, blockSize);
        State = SchedulerState.Create(Limits).Restart(1);
    }

    public SchedulerLimits Limits { get; }

    public FakeRanks Ranks { get; private set; }

    public SchedulerState State { get; private set; }

    public List<StepPlan> Plans { get; } = [];

    public List<GenerationProtocol.IReply> Replies { get; } = [];

    public int Inside => _inside.Count;

    public Guid Submit(int promptLength, int maxNew, IEnumerable<int>? stop = null, int salt = 0, int[]? tokens = null, string key = "")
    {
        var submit = Request(promptLength, maxNew, stop, salt, tokens) with { CacheSalt = key };
        Apply(State.Submit(submit));
        return submit.RequestId;
    }

    public GenerationProtocol.Submit Request(
        int promptLength, int maxNew, IEnumerable<int>? stop = null, int salt = 0, int[]? tokens = null) => new(
        new Guid((int)++_ids, 0, 0, new byte[8]), [.. tokens ?? FakeModel.Prompt(promptLength, salt)],
        Math.Max(1, promptLength), maxNew, SamplingOptions.Greedy, [.. stop ?? []]);

    /// <summary>Takes an event's outcome and plans all steps that there is room for.</summary>
    public void Apply(Transition transition)
    {
        Take(transition.Then(StepPlanner.Admit));
        while (State.PlanStep() is (var planned, { } plan))
        {
            Take(planned);
            Plans.Add(plan);
            _inside.Enqueue((plan, Ranks.Run(plan)));
            for (var rank = 0; rank < Limits.WorldSize; rank++)
                State = State.Accept(plan.Epoch, plan.Step, rank);
        }
    }

    /// <summary>Ends the oldest step inside; <paramref name="change"/> may alter what the ranks report.</summary>
    public StepPlan EndStep(Func<IReadOnlyList<StepResult>, IReadOnlyList<StepResult>>? change = null)
    {
        var (plan, results) = _inside.Dequeue();
        Record(plan, change is null ? results : change(results));
        return plan;
    }

    /// <summary>Ends all steps inside, the newest first: what older ones gave was lost on its way, and came again.</summary>
    public void EndStepsBackwards()
    {
        var inside = _inside.Reverse().ToList();
        _inside.Clear();
        foreach (var (plan, results) in inside)
            Record(plan, results);
    }

    /// <summary>Runs until nothing is left.</summary>
    public void RunToEnd()
    {
        while (_inside.Count > 0)
            EndStep();
    }

    /// <summary>What the actor does after the ranks were built anew, with the pools of before or others.</summary>
    public void Restart(int? kvBlocks = null)
    {
        _inside.Clear();
        Ranks.Reset();
        if (kvBlocks is { } blocks)
            Ranks = new FakeRanks(Limits.WorldSize, Limits.CpSize, blocks, Limits.BlockSizeTokens);
        Apply(State.Resize(kvBlocks ?? State.Limits.KvBlocks).Then(state => Transition.To(state.Restart(state.Epoch + 1))));
    }

    public IReadOnlyList<GenerationProtocol.IReply> RepliesTo(Guid request) => [.. Replies.Where(reply => reply.RequestId == request)];

    public IReadOnlyList<int> TextOf(Guid request) =>
        [.. RepliesTo(request).OfType<GenerationProtocol.TokenGenerated>().Select(reply => reply.Token.Id)];

    public GenerationProtocol.IReply TerminalOf(Guid request) => RepliesTo(request).Single(reply => reply.IsTerminal);

    /// <summary>Nothing waits, runs or is inside, and every block is free, here and on the ranks.</summary>
    public void AssertNothingHeld()
    {
        Assert.True(State.IsIdle);
        Assert.Equal(0, Ranks.BlocksInUse);
        Assert.Equal((State.Limits.KvBlocks - 1, 0), (State.Kv.Free, State.Kv.Reserved));
    }

    /// <summary>Takes an event's outcome and plans nothing: there are no ranks.</summary>
    public void Take(Transition transition)
    {
        State = transition.State;
        Replies.AddRange(transition.Replies);
        CheckBlocks();
    }

    private void Record(StepPlan plan, IReadOnlyList<StepResult> results)
    {
        for (var i = 0; i < results.Count; i++)
        {
            if (i == results.Count - 1)
                Ranks.End(plan.Step, results.Any(result => result.Fault is not null));
            Apply(State.Record(results[i]));
        }
    }

    /// <summary>Blocks are free or held, as many as the manager says, and what is promised is what requests may take yet.</summary>
    private void CheckBlocks()
    {
        _held.Clear();
        var promised = 0;
        foreach (var request in State.Running.Values)
        {
            promised += request.BlocksReserved - request.Blocks.Length;
            foreach (var block in request.Blocks)
                _held.Add(block);
        }

        Assert.Equal((_held.Count, _held.Count + promised), (State.Kv.Usable - State.Kv.Free, State.Kv.Reserved));
        Assert.True(State.Kv.Reserved <= State.Kv.Usable);
    }
}
