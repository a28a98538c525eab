using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Metrics;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Engine.Ranks;

/// <summary>
/// The ranks of this process: devices, weights and KV memory, which outlive epochs and membership, and their pipelines in an epoch. Groups
/// of ranks meet in memory where all of them are here, and reach over sockets otherwise.
/// </summary>
internal sealed class RankHost : IRankHost, IAsyncDisposable
{
    private readonly EngineSpec _spec;
    private readonly IDataPlane? _plane;
    private readonly ILogger _logger;
    private readonly EpochMeshes _meshes;
    private readonly WeightStore _weights;
    private readonly RankMeter _meter;
    private readonly Lock _gate = new();
    private RotaryEmbedding? _rope;
    private ImmutableSortedDictionary<int, PlacedRank> _ranks = ImmutableSortedDictionary<int, PlacedRank>.Empty;
    private int _restingTensors;
    private int? _leakedTensors;

    /// <param name="spec">Of this process.</param>
    /// <param name="tensors">The hash of the weights' names, types and shapes.</param>
    /// <param name="plane">Its end of the data plane, disposed with this; null where all ranks are here.</param>
    /// <param name="logger">Hears of tensors that were never given back.</param>
    public RankHost(EngineSpec spec, string tensors, IDataPlane? plane, ILogger logger)
    {
        _spec = spec;
        _plane = plane;
        _logger = logger;
        _weights = new WeightStore();
        _meter = new RankMeter(plane is null ? null : () => plane.Counters);
        Facts = FactsOf(spec, tensors);
        Offer = OfferOf(spec, plane);
        _meshes = new EpochMeshes(
            plane, spec.Topology, spec.Settings.Parallel.CollectiveTimeout,
            new MeshFacts($"{Facts.Model.Hash} {Facts.Tensors}", Facts.Kernels, Facts.DType));
    }

    /// <inheritdoc/>
    public GroupFacts Facts { get; }

    /// <inheritdoc/>
    public NodeOffer Offer { get; }

    /// <summary>Tensors of steps that are in use now, on all devices; after disposal those that were never given back.</summary>
    public int LiveTensors => _leakedTensors ?? (AllTensors() - _restingTensors);

    /// <summary>The device of the first rank here, with the kernels in use.</summary>
    public string DeviceName => Loaded.First().Device.Name;

    /// <summary>Tensor memory of all ranks now.</summary>
    public long MemoryBytes => _weights.Bytes + Loaded.Sum(rank => rank.Device.Memory.BytesNow);

    /// <summary>The devices' own peaks together.</summary>
    public long PeakMemoryBytes => _weights.Bytes + Loaded.Sum(rank => rank.Device.Memory.BytesPeak);

    /// <inheritdoc/>
    public ImmutableArray<WeightHash> Hashes
    {
        get
        {
            if (_plane is null)
                return [];
            lock (_gate)
            {
                return [.. _ranks.Values.SelectMany(one => one.Resources.Weights.Hashes).Distinct()
                    .OrderBy(hash => hash.Piece, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>What a control plane above these ranks must know.</summary>
    public NodeOptions Options(ILoggerFactory loggers, Action<NodeStatus>? stateChanged = null) => new()
    {
        Host = this,
        WorldSize = _spec.Topology.WorldSize,
        CpSize = _spec.Topology.AttnCp,
        VocabSize = _spec.Model.VocabSize,
        ContextLength = _spec.Model.MaxPositionEmbeddings,
        AttentionBalance = _spec.Model.AttentionBalance(),
        Loggers = loggers,
        StateChanged = stateChanged,
    };

    /// <inheritdoc/>
    public Task LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken) =>
        HasExactly(ranks) ? Task.CompletedTask : StartWatch.RunAsync(
            _spec.Settings.Scheduler.StartTimeout, _spec.Resources,
            async watch =>
            {
                await LoadAsync(ranks, watch.Through(new Share(progress)), watch.Stopping).ConfigureAwait(false);
                return ranks;
            },
            _ => ValueTask.CompletedTask, cancellationToken);

    /// <summary>As the other overload, without a watch over the time that it takes.</summary>
    public async Task LoadAsync(ImmutableArray<int> ranks, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        var kept = Keep(ranks);
        Free(kept);
        var free = new Queue<int>(Enumerable.Range(0, _spec.RanksHere).Except(kept.Values.Select(one => one.Place)));
        var missing = ranks.Except(kept.Keys).Select(rank => (Rank: rank, Place: free.Dequeue())).ToList();
        _spec.NeedOf([.. missing.Select(one => one.Rank)]).RequireFits(SystemLimits.Read());
        var loaded = await RankResources.LoadAsync(_spec, missing, _weights, progress, cancellationToken).ConfigureAwait(false);
        if (cancellationToken.IsCancellationRequested)
        {
            // Nobody waits for these any more, and others may have been asked for.
            Array.ForEach(loaded, rank => rank.Dispose());
            cancellationToken.ThrowIfCancellationRequested();
        }

        _rope ??= new RotaryEmbedding(_spec.Model, _spec.Positions);
        lock (_gate)
        {
            _ranks = kept.AddRange(missing.Select((one, index) =>
                KeyValuePair.Create(one.Rank, new PlacedRank(one.Place, _spec.Shards[one.Rank], loaded[index]))));
        }

        _restingTensors = AllTensors();
    }

    /// <inheritdoc/>
    public async Task<IRankPipeline> OpenAsync(
        int rank, EpochTable table, ILogitsSink logits, Action<StepResult> results, CancellationToken cancellationToken)
    {
        var resources = ResourcesOf(rank);
        var mesh = await _meshes.ConnectAsync(table, cancellationToken).ConfigureAwait(false);
        var figures = _meter.Of(rank);
        var pipeline = new RankPipeline(
            new RankSetup
            {
                Rank = rank,
                Topology = _spec.Topology,
                Device = resources.Device,
                Weights = resources.Weights,
                Rope = _rope!,
                Kv = resources.Kv,
                Groups = mesh.GroupsOf(rank),
                Logits = logits,
                StepsInside = _spec.Settings.Scheduler.StepsInFlight,
                Clock = figures.Begin(table.Epoch),
            },
            result =>
            {
                figures.Took(result.Stats);
                results(result);
            });
        return new MeshedPipeline(pipeline, mesh);
    }

    /// <inheritdoc/>
    public void EndEpochs(long below) => _meshes.End(below);

    /// <inheritdoc/>
    public async Task<DataLink> ProbeAsync(string dataEndpoint, CancellationToken cancellationToken)
    {
        const int payload = 4 << 20;
        if (_plane is null)
            return new DataLink(TimeSpan.Zero, 0, "this process has no data plane");
        if (!PeerEndpoint.TryParse(dataEndpoint, out var peer))
            return new DataLink(TimeSpan.Zero, 0, $"expected host:port, found \"{dataEndpoint}\"");
        var found = await _plane.ProbeAsync(peer, payload, cancellationToken).ConfigureAwait(false);
        return new DataLink(found.RoundTrip, found.BytesPerSecond, found.Problem);
    }

    /// <summary>Closes the data plane, then frees the ranks.</summary>
    public async ValueTask DisposeAsync()
    {
        _meter.Dispose();
        try
        {
            await _meshes.DisposeAsync().ConfigureAwait(false);
            if (_plane is not null)
                await _plane.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            // A pipeline that took too long to end was left to itself: its stage ends before the tensors are counted. Every device's
            // threads end before any memory goes: a rank's last stage may move rows of another rank.
            foreach (var rank in Loaded)
                rank.Device.Dispose();
            CountLeaks();
            foreach (var rank in Loaded)
                rank.Dispose();
        }
    }

    private static GroupFacts FactsOf(EngineSpec spec, string tensors)
    {
        var (topology, kv) = (spec.Topology, spec.KvShapeOf(0));
        return new GroupFacts(
            ModelFacts.Read(spec.Files), tensors,
            $"tp {topology.Tp}, attn-cp {topology.AttnCp}, moe-dp {topology.MoeDp}, ep {topology.Ep}",
            $"weights {spec.Types}, KV {kv.DType}",
            CpuDevice.DefaultKernels.Numerics,
            spec.Settings.KvCache.IsSizedByMachine ? 0 : spec.KvBlocks, kv.BlockSize, ProtocolVersion.Current);
    }

    private static NodeOffer OfferOf(EngineSpec spec, IDataPlane? plane)
    {
        var cluster = spec.Settings.Cluster;
        var own = new PeerEndpoint(cluster.EffectiveAdvertise, cluster.Port ?? ClusterSettings.DefaultPort);
        return new NodeOffer(
            plane is null ? "engine" : cluster.NodeName ?? $"{own}",
            plane?.Endpoint.ToString() ?? "",
            spec.RanksHere,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            $"{spec.ThreadsPerRank} threads for each rank, {CpuDevice.DefaultKernels.Name}",
            spec.KvBlocks);
    }

    private bool HasExactly(ImmutableArray<int> ranks)
    {
        lock (_gate)
            return _ranks.Keys.SequenceEqual(ranks);
    }

    /// <summary>
    /// What is loaded already and serves the wanted ranks: a rank itself, or one that is not wanted any more and has an equal shard, as
    /// all context-parallel ranks of one place in the heads do.
    /// </summary>
    private ImmutableSortedDictionary<int, PlacedRank> Keep(ImmutableArray<int> wanted)
    {
        lock (_gate)
        {
            var kept = ImmutableSortedDictionary.CreateBuilder<int, PlacedRank>();
            kept.AddRange(_ranks.Where(one => wanted.Contains(one.Key)));
            var others = _ranks.Where(one => !wanted.Contains(one.Key)).Select(one => one.Value).ToList();
            foreach (var rank in wanted.Where(rank => !kept.ContainsKey(rank)))
            {
                if (others.Find(one => one.Shard == _spec.Shards[rank]) is not { } equal)
                    continue;
                others.Remove(equal);
                kept.Add(rank, equal);
            }

            return kept.ToImmutable();
        }
    }

    private void Free(ImmutableSortedDictionary<int, PlacedRank> kept)
    {
        List<PlacedRank> freed;
        lock (_gate)
        {
            freed = [.. _ranks.Values.Except(kept.Values)];
            _ranks = kept;
        }

        foreach (var one in freed)
            one.Resources.Dispose();
    }

    private IEnumerable<RankResources> Loaded
    {
        get
        {
            lock (_gate)
                return _ranks.Values.Select(one => one.Resources);
        }
    }

    private int AllTensors() => Loaded.Sum(rank => rank.Device.Memory.LiveTensors);

    private void CountLeaks()
    {
        var leaked = LiveTensors;
        _leakedTensors = leaked;
        if (leaked > 0)
        {
            _logger.LogError(
                "{Count} tensors of steps were never disposed: {Tensors}", leaked,
                string.Join("; ", Loaded.SelectMany(rank => rank.Device.Memory.DescribeLive())));
        }
    }

    private RankResources ResourcesOf(int rank)
    {
        lock (_gate)
        {
            return _ranks.TryGetValue(rank, out var placed)
                ? placed.Resources
                : throw new InvalidOperationException($"rank {rank}: expected one of those loaded here, {string.Join(", ", _ranks.Keys)}");
        }
    }

    private sealed record PlacedRank(int Place, ShardSpec Shard, RankResources Resources);

    private sealed class Share(IProgress<double> progress) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) =>
            progress.Report(value.BytesTotal == 0 ? 1 : (double)value.BytesDone / value.BytesTotal);
    }
}
