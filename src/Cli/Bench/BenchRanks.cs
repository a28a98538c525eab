using AkkaCp.Collectives;
using AkkaCp.Model.Configuration;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Cli.Bench;

/// <summary>
/// All ranks of a layout, in this process, without actors: plans go straight into the pipelines, so that what is measured is the ranks.
/// What coordinator and engine add to a step is no part of it.
/// </summary>
internal sealed class BenchRanks : IAsyncDisposable
{
    private readonly List<BenchRank> _ranks = [];
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Arrival> _arrivals = [];

    private readonly IRankMesh _mesh;

    private BenchRanks(BenchModel model, BenchLayout layout)
    {
        (Model, Layout) = (model, layout);
        _mesh = DataPlane.InProcess(BenchPlans.Epoch, layout.Topology);
    }

    /// <summary>The model.</summary>
    public BenchModel Model { get; }

    /// <summary>The layout.</summary>
    public BenchLayout Layout { get; }

    /// <summary>The ranks in order.</summary>
    public IReadOnlyList<BenchRank> Ranks => _ranks;

    /// <summary>Loads the weights that no other layout has loaded, and builds the pipelines.</summary>
    /// <param name="model">Shared by all layouts of a run.</param>
    /// <param name="layout">The ranks.</param>
    /// <param name="kvTokens">Tokens that the KV pool must hold.</param>
    /// <param name="streams">Requests that share them.</param>
    public static async Task<BenchRanks> LoadAsync(BenchModel model, BenchLayout layout, long kvTokens, int streams)
    {
        var ranks = new BenchRanks(model, layout);
        try
        {
            // Block 0 is nobody's, and each request's last block may be begun only.
            var blocks = checked((int)(kvTokens / BenchPlans.BlockSize) + streams + 1);
            for (var rank = 0; rank < layout.Topology.WorldSize; rank++)
                ranks._ranks.Add(await BenchRank.LoadAsync(model, layout, rank, blocks).ConfigureAwait(false));
            ranks.Open();
            return ranks;
        }
        catch
        {
            await ranks.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts a new measurement; no step may be inside.</summary>
    public void Reset() => _ranks.ForEach(rank => rank.Reset());

    /// <summary>Hands a plan to all ranks; the task ends with the results of all, the samples by request.</summary>
    public async Task<Task<IReadOnlyDictionary<long, int>>> SendAsync(StepPlan plan)
    {
        var arrival = new Arrival(_ranks.Count);
        lock (_gate)
            _arrivals.Add(plan.Step, arrival);
        foreach (var rank in _ranks)
        {
            if (!await rank.Pipeline.SendAsync(plan, CancellationToken.None).ConfigureAwait(false))
                throw new InvalidOperationException($"{plan}: expected a pipeline that takes plans, found one that has ended");
        }

        return arrival.Done.Task;
    }

    /// <summary>Runs one plan to its end.</summary>
    /// <returns>The sampled token of each request that samples.</returns>
    public async Task<IReadOnlyDictionary<long, int>> RunAsync(StepPlan plan) =>
        await (await SendAsync(plan).ConfigureAwait(false)).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        foreach (var rank in _ranks)
            await rank.DisposeAsync().ConfigureAwait(false);
        await _mesh.DisposeAsync().ConfigureAwait(false);
    }

    private void Open()
    {
        var rope = new RotaryEmbedding(Model.Config, Model.Config.MaxPositionEmbeddings);
        for (var rank = 0; rank < _ranks.Count; rank++)
            _ranks[rank].Open(Layout, rank, _mesh, rope, Deliver);
    }

    private void Deliver(StepResult result)
    {
        lock (_gate)
        {
            var arrival = _arrivals[result.Step];
            if (arrival.Add(result))
                _arrivals.Remove(result.Step);
        }
    }

    /// <summary>What has come of one step.</summary>
    private sealed class Arrival(int ranks)
    {
        private readonly Dictionary<long, int> _samples = [];
        private PipelineFault? _fault;
        private int _missing = ranks;

        public TaskCompletionSource<IReadOnlyDictionary<long, int>> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>True when all ranks have reported.</summary>
        public bool Add(StepResult result)
        {
            _fault ??= result.Fault ?? result.Samples.FirstOrDefault(sample => sample.Fault is not null)?.Fault;
            foreach (var sample in result.Samples.Where(sample => sample.Token is not null))
                _samples[sample.SequenceId] = sample.Token!.Id;
            if (--_missing > 0)
                return false;
            if (_fault is { } fault)
                Done.SetException(new InvalidOperationException($"the step failed: {fault}"));
            else
                Done.SetResult(_samples);
            return true;
        }
    }
}
