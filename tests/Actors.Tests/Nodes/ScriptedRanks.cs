using System.Collections.Concurrent;
using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Model.Weights;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Tests;
using Xunit;

namespace AkkaCp.Actors.Tests.Nodes;

/// <summary>What a scripted rank does with a step instead of its work.</summary>
internal enum Misbehaviour
{
    /// <summary>Gives a result with a fault, while its peers report it lost.</summary>
    Fault,

    /// <summary>Gives no result, ever.</summary>
    Stick,

    /// <summary>Breaks: Completion faults, no result comes.</summary>
    Break,

    /// <summary>Refuses the plan.</summary>
    Refuse,
}

/// <summary>
/// Pipelines that "compute" with <see cref="FakeModel"/> and misbehave on cue. Each epoch's ranks are checked by their own
/// <see cref="FakeRanks"/>.
/// </summary>
internal sealed class ScriptedRanks(int worldSize = 2, int cpSize = 2, int kvBlocks = 101, int blockSize = 16) : IRankHost
{
    private readonly ConcurrentDictionary<(long Epoch, long Step), (int Rank, Misbehaviour How)> _script = new();
    private readonly ConcurrentDictionary<(long Epoch, long Step), TaskCompletionSource> _reached = new();
    private int _alive;
    private long _stagesDone;

    public int BuildFailures;

    /// <summary>Width of the rows that are written for requests that ask for all logits.</summary>
    public const int LogitsWidth = 40_000;

    public int WorldSize => worldSize;

    /// <summary>Pipelines that are not disposed.</summary>
    public int Alive => _alive;

    /// <summary>Set to hold all steps until it is released; null lets them run.</summary>
    public SemaphoreSlim? Gate { get; set; }

    public ConcurrentQueue<StepPlan> Plans { get; } = new();

    public ScriptedRanks Let(int rank, Misbehaviour how, long epoch, long step)
    {
        _script[(epoch, step)] = (rank, how);
        return this;
    }

    /// <summary>All pipelines end a stage.</summary>
    public void GetOn() => Interlocked.Increment(ref _stagesDone);

    /// <summary>Ends when rank 0 has taken the step's plan.</summary>
    public Task Reached(long epoch, long step) => Signal(epoch, step).Task;

    public GroupFacts Facts { get; init; } = new(
        new ModelFacts([new ModelFact("config.json", "c1"), new ModelFact("tokenizer.json", "t1")]), "tensors", "tp 2, attn-cp 2",
        "float32", "fake", kvBlocks, blockSize, ProtocolVersion.Current);

    /// <summary>What each rank's weights are, when they are loaded.</summary>
    public Func<int, IEnumerable<WeightHash>> HashesOf { get; set; } = _ => [];

    public ImmutableArray<WeightHash> Hashes =>
        [.. Loads.Last().SelectMany(HashesOf).Distinct().OrderBy(hash => hash.Piece, StringComparer.Ordinal)];

    public NodeOffer Offer { get; init; } = new("node", "", worldSize, 1L << 30, "fake", kvBlocks);

    /// <summary>Every load that was asked for.</summary>
    public ConcurrentQueue<ImmutableArray<int>> Loads { get; } = new();

    public Task LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken)
    {
        Assert.Equal(0, Alive);
        Loads.Enqueue(ranks);
        return Task.CompletedTask;
    }

    public Task<IRankPipeline> OpenAsync(
        int rank, EpochTable table, ILogitsSink? logits, Action<StepResult> results, CancellationToken cancellationToken)
    {
        if (Interlocked.Decrement(ref BuildFailures) >= 0)
            throw new InsufficientMemoryException("no memory for the pool");
        Interlocked.Increment(ref _alive);
        return Task.FromResult<IRankPipeline>(
            new Pipeline(this, rank, results, logits, new FakeRanks(worldSize, cpSize, kvBlocks, blockSize)));
    }

    public void EndEpochs(long below)
    {
    }

    public Task<DataLink> ProbeAsync(string dataEndpoint, CancellationToken cancellationToken) =>
        Task.FromResult(new DataLink(TimeSpan.FromMicroseconds(30), 1e9));

    private TaskCompletionSource Signal(long epoch, long step) =>
        _reached.GetOrAdd((epoch, step), _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Pipeline(
        ScriptedRanks owner, int rank, Action<StepResult> results, ILogitsSink? logits, FakeRanks ranks) : IRankPipeline
    {
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task _last = Task.CompletedTask;
        private readonly HashSet<long> _allLogits = [];
        private int _disposed;

        public Task Completion => _completion.Task;

        public long StagesDone => owner._stagesDone;

        public async Task<bool> SendAsync(StepPlan plan, CancellationToken cancellationToken)
        {
            await Task.Yield();
            if (rank == 0)
                owner.Plans.Enqueue(plan);
            var key = (plan.Epoch, plan.Step);
            if (owner._script.TryGetValue(key, out var script) && script == (rank, Misbehaviour.Refuse))
                return false;
            var computed = ranks.Run(plan);
            var misbehaviour = owner._script.TryGetValue(key, out script) ? script : ((int Rank, Misbehaviour How)?)null;
            _last = Finish(_last, plan, computed, misbehaviour);
            if (rank == 0)
                owner.Signal(plan.Epoch, plan.Step).TrySetResult();
            return true;
        }

        public Task DrainAsync(TimeSpan timeout) => _last.WaitAsync(timeout);

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                Interlocked.Decrement(ref owner._alive);
            _completion.TrySetResult();
            return ValueTask.CompletedTask;
        }

        private async Task Finish(
            Task before, StepPlan plan, IReadOnlyList<StepResult> computed, (int Rank, Misbehaviour How)? misbehaviour)
        {
            await before;
            ranks.End(plan.Step, misbehaviour is { How: Misbehaviour.Fault });
            owner.GetOn();
            if (owner.Gate is { } gate)
                await gate.WaitAsync();
            if (misbehaviour is (var culprit, Misbehaviour.Fault))
                computed = FakeRanks.Fail(computed, culprit, FaultKind.StageFailed);
            else if (misbehaviour is { How: Misbehaviour.Stick } stuck && stuck.Rank == rank)
                return;
            else if (misbehaviour is { How: Misbehaviour.Break } broken && broken.Rank == rank)
                _completion.TrySetException(new InvalidOperationException("a block threw"));
            if (_completion.Task.IsCompleted)
                return;
            WriteLogits(plan);
            results(computed[rank]);
        }

        /// <summary>Each rank writes its share of the rows; a row tells its position.</summary>
        private void WriteLogits(StepPlan plan)
        {
            foreach (var share in plan.Requests)
            {
                if (share.Start is { AllLogits: true })
                    _allLogits.Add(share.SequenceId);
                for (var i = 0; logits is not null && _allLogits.Contains(share.SequenceId) && i < share.Tokens.Length; i++)
                {
                    var row = new float[LogitsWidth];
                    Array.Fill(row, share.Prefix + i);
                    if ((share.Prefix + i) % owner.WorldSize == rank)
                        logits.Write(share.SequenceId, share.Prefix + i, row);
                }
            }
        }
    }
}
