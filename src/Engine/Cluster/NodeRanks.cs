using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Engine.Composition;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Settings;

namespace AkkaCp.Engine.Cluster;

/// <summary>
/// The ranks of one cluster node: devices, weights and KV memory, which outlive epochs and membership, and their pipelines in an epoch,
/// whose groups reach over sockets.
/// </summary>
internal sealed class NodeRanks : IRankHost, IAsyncDisposable
{
    private readonly EnginePlan _plan;
    private readonly IDataPlane _plane;
    private readonly EpochMeshes _meshes;
    private readonly WeightStore _weights;
    private readonly RotaryEmbedding _rope;
    private readonly Lock _gate = new();
    private ImmutableSortedDictionary<int, PlacedRank> _ranks = ImmutableSortedDictionary<int, PlacedRank>.Empty;

    /// <param name="plan">Of a node.</param>
    /// <param name="plane">Its end of the data plane; disposed with this.</param>
    public NodeRanks(EnginePlan plan, IDataPlane plane)
    {
        _plan = plan;
        _plane = plane;
        _weights = new WeightStore(plan.Resources);
        _rope = new RotaryEmbedding(plan.Model, plan.Positions);
        Facts = FactsOf(plan);
        Offer = OfferOf(plan, plane);
        _meshes = new EpochMeshes(plane, plan.Topology, new MeshFacts($"{Facts.Model.Hash} {Facts.Tensors}", Facts.Kernels, Facts.DType));
    }

    /// <inheritdoc/>
    public GroupFacts Facts { get; }

    /// <inheritdoc/>
    public NodeOffer Offer { get; }

    /// <inheritdoc/>
    public ImmutableArray<WeightHash> Hashes
    {
        get
        {
            lock (_gate)
            {
                return [.. _ranks.Values.SelectMany(one => one.Resources.Weights.Hashes).Distinct()
                    .OrderBy(hash => hash.Piece, StringComparer.Ordinal)];
            }
        }
    }

    /// <inheritdoc/>
    public async Task LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var kept = Keep(ranks);
        Free(kept);
        var free = new Queue<int>(Enumerable.Range(0, _plan.RanksHere).Except(kept.Values.Select(one => one.Place)));
        var missing = ranks.Except(kept.Keys).Select(rank => (Rank: rank, Place: free.Dequeue())).ToList();
        _plan.NeedOf([.. missing.Select(one => one.Rank)]).RequireFits(SystemLimits.Read());
        var loaded = await StartWatch.RunAsync(
            _plan.Settings.Scheduler.StartTimeout, _plan.Resources,
            watch => RankResources.LoadAsync(_plan, missing, _weights, watch.Through(new Share(progress)), watch.Stopping),
            abandoned =>
            {
                foreach (var rank in abandoned)
                    rank.Dispose();
                return ValueTask.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            _ranks = kept.AddRange(missing.Select((one, index) =>
                KeyValuePair.Create(one.Rank, new PlacedRank(one.Place, _plan.Shards[one.Rank], loaded[index]))));
        }
    }

    /// <inheritdoc/>
    public async Task<IRankPipeline> OpenAsync(
        int rank, EpochTable table, ILogitsSink? logits, Action<StepResult> results, CancellationToken cancellationToken)
    {
        var resources = ResourcesOf(rank);
        var mesh = await _meshes.ConnectAsync(table, cancellationToken).ConfigureAwait(false);
        var pipeline = new RankPipeline(
            new RankSetup
            {
                Rank = rank,
                Topology = _plan.Topology,
                Device = resources.Device,
                Weights = resources.Weights,
                Rope = _rope,
                Kv = resources.Kv,
                Groups = mesh.GroupsOf(rank),
                Logits = logits,
                StepsInside = _plan.Settings.Scheduler.StepsInFlight,
            },
            results);
        return new MeshedPipeline(pipeline, mesh);
    }

    /// <inheritdoc/>
    public void EndEpochs(long below) => _meshes.End(below);

    /// <inheritdoc/>
    public async Task<DataLink> ProbeAsync(string dataEndpoint, CancellationToken cancellationToken)
    {
        const int payload = 4 << 20;
        if (!PeerEndpoint.TryParse(dataEndpoint, out var peer))
            return new DataLink(TimeSpan.Zero, 0, $"expected host:port, found \"{dataEndpoint}\"");
        var found = await _plane.ProbeAsync(peer, payload, cancellationToken).ConfigureAwait(false);
        return new DataLink(found.RoundTrip, found.BytesPerSecond, found.Problem);
    }

    /// <summary>Closes the data plane, then frees the ranks.</summary>
    public async ValueTask DisposeAsync()
    {
        await _meshes.DisposeAsync().ConfigureAwait(false);
        await _plane.DisposeAsync().ConfigureAwait(false);
        Free(ImmutableSortedDictionary<int, PlacedRank>.Empty);
        _weights.Dispose();
    }

    private static GroupFacts FactsOf(EnginePlan plan)
    {
        var (topology, kv) = (plan.Topology, Enumerable.Range(0, plan.Topology.WorldSize).Select(plan.KvShapeOf).ToList());
        return new GroupFacts(
            ModelFacts.Read(plan.Directory), TensorsOf(plan),
            $"tp {topology.Tp}, attn-cp {topology.AttnCp}, moe-dp {topology.MoeDp}, ep {topology.Ep}",
            $"weights {plan.DType}, KV {kv[0].DType}",
            CpuDevice.DefaultKernels.Numerics,
            kv.Min(shape => shape.Blocks), kv[0].BlockSize, ProtocolVersion.Current);
    }

    private static string TensorsOf(EnginePlan plan)
    {
        using var files = SafetensorsSet.Open(plan.Directory);
        return files.TensorsHash();
    }

    private static NodeOffer OfferOf(EnginePlan plan, IDataPlane plane)
    {
        var cluster = plan.Settings.Cluster;
        return new NodeOffer(
            cluster.NodeName ?? $"{new PeerEndpoint(cluster.EffectiveAdvertise, cluster.Port ?? ClusterSettings.DefaultPort)}",
            plane.Endpoint.ToString(),
            cluster.Places,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            $"{plan.ThreadsPerRank} threads for each rank, {CpuDevice.DefaultKernels.Name}");
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
                if (others.Find(one => one.Shard == _plan.Shards[rank]) is not { } equal)
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
