using System.Collections.Concurrent;
using System.Collections.Immutable;
using AkkaCp.Actors;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Collectives;
using AkkaCp.Engine.Generation;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Engine.Composition;

/// <summary>All ranks of a layout in this process, and the actors that run them.</summary>
internal sealed class LocalRanks : IGenerationBackend, IRankHost
{
    private readonly EnginePlan _plan;
    private readonly LogitsRouter _logits = new();
    private readonly RankResources[] _ranks;
    private readonly WeightStore _weights;
    private readonly RotaryEmbedding _rope;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<long, IRankMesh> _meshes = new();
    private readonly CpSystem _system;
    private readonly int _restingTensors;
    private int? _leakedTensors;

    private LocalRanks(EnginePlan plan, EngineOptions options, RankResources[] ranks, WeightStore weights)
    {
        _plan = plan;
        _ranks = ranks;
        _weights = weights;
        _rope = new RotaryEmbedding(plan.Model, plan.Positions);
        var loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        _logger = loggers.CreateLogger(LogCategories.Engine);
        _restingTensors = AllTensors();
        Facts = new GroupFacts(
            ModelFacts.None, "", plan.Topology.ToString() ?? "", plan.DType.ToString(), ranks[0].Device.Name,
            ranks.Min(rank => rank.Kv.Shape.Blocks), plan.Settings.KvCache.BlockSizeTokens, ProtocolVersion.Current);
        Offer = new NodeOffer(
            "engine", "", plan.Topology.WorldSize, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, ranks[0].Device.Name);
        _system = CpSystem.Start(plan.Settings, new CpSystemOptions
        {
            WorldSize = plan.Topology.WorldSize,
            CpSize = plan.Topology.AttnCp,
            Host = this,
            VocabSize = plan.Model.VocabSize,
            ContextLength = plan.Model.MaxPositionEmbeddings,
            Loggers = loggers,
        });
    }

    /// <inheritdoc/>
    public int LiveTensors => _leakedTensors ?? (AllTensors() - _restingTensors);

    /// <inheritdoc/>
    public EngineHealth Health
    {
        get
        {
            var status = _system.Status;
            return new EngineHealth(
                status.Phase is CoordinatorPhase.Serving, _plan.Topology.WorldSize, status.Epoch, status.Running, status.Queued,
                (long)status.FreeKvBlocks * _plan.Settings.KvCache.BlockSizeTokens,
                _weights.Bytes + _ranks.Sum(rank => rank.Device.Memory.BytesNow),
                _weights.Bytes + _ranks.Sum(rank => rank.Device.Memory.BytesPeak),
                _ranks[0].Device.Name);
        }
    }

    /// <inheritdoc/>
    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Health);

    /// <summary>Reads the weights, all ranks at once, and starts the actors.</summary>
    /// <exception cref="SettingsException">The weights have other dimensions than config.json, or the memory that the settings
    /// ask for is not there; nothing was taken.</exception>
    /// <exception cref="TimeoutException">The start does not get on.</exception>
    public static Task<LocalRanks> StartAsync(EnginePlan plan, EngineOptions options, CancellationToken cancellationToken)
    {
        plan.RequireDimensions();
        plan.NeedHere.RequireFits(SystemLimits.Read());
        return StartWatch.RunAsync(
            plan.Settings.Scheduler.StartTimeout, plan.Resources, watch => StartAsync(plan, options, watch),
            started => started.DisposeAsync(), cancellationToken);
    }

    private static async Task<LocalRanks> StartAsync(EnginePlan plan, EngineOptions options, StartWatch watch)
    {
        var weights = new WeightStore(plan.Resources);
        RankResources[] ranks = [];
        LocalRanks? started = null;
        try
        {
            ranks = await RankResources.LoadAllAsync(plan, weights, watch.Through(options.LoadProgress), watch.Stopping)
                .ConfigureAwait(false);
            watch.Enter("the ranks were built");
            started = new LocalRanks(plan, options, ranks, weights);
            await started._system.Ready.WaitAsync(watch.Stopping).ConfigureAwait(false);
            return started;
        }
        catch
        {
            if (started is not null)
                await started.DisposeAsync().ConfigureAwait(false);
            else
                Free(ranks, weights);
            throw;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, CancellationToken cancellationToken)
    {
        var replies = _system.Submit(request, cancellationToken);
        return rows is null ? replies : RouteRows(replies, rows);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _system.StopAsync(_plan.Settings.Scheduler.DrainTimeout).ConfigureAwait(false);
            foreach (var mesh in _meshes.Values)
                await mesh.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            FreeAll();
        }
    }

    /// <summary>The same replies; from the first on, which tells the request's sequence id, its rows go to the taker.</summary>
    private async IAsyncEnumerable<GenerationProtocol.IReply> RouteRows(
        IAsyncEnumerable<GenerationProtocol.IReply> replies, LogitsRow rows)
    {
        long? sequenceId = null;
        try
        {
            await foreach (var reply in replies.ConfigureAwait(false))
            {
                if (sequenceId is null && reply is GenerationProtocol.Progress told)
                {
                    _logits.Connect(told.SequenceId, rows);
                    sequenceId = told.SequenceId;
                }

                yield return reply;
            }
        }
        finally
        {
            if (sequenceId is { } known)
                _logits.Disconnect(known);
        }
    }

    private void FreeAll()
    {
        // A pipeline that took too long to end was left to itself: its stage ends before the tensors are counted.
        StopComputing(_ranks);
        var leaked = LiveTensors;
        _leakedTensors = leaked;
        if (leaked > 0)
        {
            _logger.LogError(
                "{Count} tensors of steps were never disposed: {Tensors}", leaked,
                string.Join("; ", _ranks.SelectMany(rank => rank.Device.Memory.DescribeLive())));
        }

        Free(_ranks, _weights);
    }

    private static void Free(RankResources[] ranks, WeightStore weights)
    {
        StopComputing(ranks);
        foreach (var rank in ranks)
            rank.Dispose();
        weights.Dispose();
    }

    /// <summary>Ends every device's threads before any memory goes: a rank's last stage may move rows of another rank.</summary>
    private static void StopComputing(RankResources[] ranks)
    {
        foreach (var rank in ranks)
            rank.Device.Dispose();
    }

    private int AllTensors() => _ranks.Sum(rank => rank.Device.Memory.LiveTensors);

    /// <inheritdoc/>
    public GroupFacts Facts { get; }

    /// <inheritdoc/>
    public NodeOffer Offer { get; }

    /// <remarks>There is no other node.</remarks>
    public ImmutableArray<WeightHash> Hashes => [];

    /// <remarks>All shards are loaded before the actors start.</remarks>
    Task IRankHost.LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    /// <remarks>Ranks of an epoch meet in its own mesh: what an earlier epoch left behind cannot reach them.</remarks>
    Task<IRankPipeline> IRankHost.OpenAsync(
        int rank, EpochTable table, ILogitsSink? logits, Action<StepResult> results, CancellationToken cancellationToken)
    {
        var mesh = _meshes.GetOrAdd(
            table.Epoch, epoch => DataPlane.InProcess(epoch, _plan.Topology, _plan.Settings.Parallel.CollectiveTimeout));
        return Task.FromResult<IRankPipeline>(new RankPipeline(
            new RankSetup
            {
                Rank = rank,
                Topology = _plan.Topology,
                Device = _ranks[rank].Device,
                Weights = _ranks[rank].Weights,
                Rope = _rope,
                Kv = _ranks[rank].Kv,
                Groups = mesh.GroupsOf(rank),
                Logits = logits ?? _logits,
                StepsInside = _plan.Settings.Scheduler.StepsInFlight,
            },
            results));
    }

    /// <inheritdoc/>
    void IRankHost.EndEpochs(long below)
    {
        foreach (var old in _meshes.Keys.Where(known => known < below))
        {
            if (_meshes.TryRemove(old, out var mesh))
                _ = mesh.DisposeAsync().AsTask();
        }
    }

    /// <remarks>There is no other node.</remarks>
    Task<DataLink> IRankHost.ProbeAsync(string dataEndpoint, CancellationToken cancellationToken) =>
        Task.FromResult(new DataLink(TimeSpan.Zero, 0, "this process has no data plane"));
}
