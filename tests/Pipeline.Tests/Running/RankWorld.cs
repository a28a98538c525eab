using System.Collections.Concurrent;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Stages;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>All ranks of a layout over a model, in this process and without actors: plans in, results and logits out.</summary>
internal sealed class RankWorld : IAsyncDisposable
{
    private const int BlockSize = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<CpuDevice> _devices = [];
    private readonly List<ModelWeights> _weights = [];
    private readonly List<KvPool> _pools = [];
    private readonly List<RankPipeline> _pipelines = [];
    private readonly ConcurrentDictionary<(long Step, int Rank), TaskCompletionSource<StepResult>> _results = new();
    private readonly IRankMesh _mesh;
    private long _requests;

    public RankWorld(string model, RankTopology topology, MatrixTypes types, RankWorldOptions? options = null)
    {
        options ??= new RankWorldOptions();
        Topology = topology.ValidateRunnable();
        Config = ModelConfig.Load(ModelFiles.Of(model));
        Script = new PlanScript(topology.AttnCp, BlockSize, options.Policy);
        Logits = new LogitsCollector(Config.VocabSize);
        _mesh = DataPlane.InProcess(PlanScript.Epoch, topology, options.CollectiveTimeout, options.Time);
        var store = new WeightStore();
        for (var rank = 0; rank < topology.WorldSize; rank++)
            AddRank(model, rank, store, types, options);
    }

    public RankTopology Topology { get; }

    public ModelConfig Config { get; }

    public PlanScript Script { get; }

    public LogitsCollector Logits { get; }

    public IReadOnlyList<RankPipeline> Pipelines => _pipelines;

    public IReadOnlyList<CpuDevice> Devices => _devices;

    /// <summary>Tensors that no one gave back, the KV pools' and weights' own left out.</summary>
    public IEnumerable<string> Leaks => _devices.Zip(_baseline).SelectMany(
        pair => pair.First.Memory.DescribeLive().Skip(pair.Second));

    /// <summary>Logits [length, V] of each prompt; all prompts run together, in chunks.</summary>
    public async Task<float[][]> LogitsAsync(IReadOnlyList<int[]> prompts, int chunk)
    {
        var first = _requests;
        _requests += prompts.Count;
        var done = new int[prompts.Count];
        while (true)
        {
            var shares = new List<PlanScript.Share>();
            for (var i = 0; i < prompts.Count; i++)
            {
                var count = Math.Min(chunk == 0 ? int.MaxValue : chunk, prompts[i].Length - done[i]);
                if (count > 0)
                {
                    shares.Add(new(first + i, [.. prompts[i].AsSpan(done[i], count)], AllLogits: true));
                    done[i] += count;
                }
            }

            if (shares.Count == 0)
                break;

            RequireNoFault(await StepAsync(Script.Next(shares)));
        }

        return [.. prompts.Select((prompt, i) =>
        {
            Script.Release(first + i);
            return Logits.Take(first + i, prompt.Length);
        })];
    }

    /// <summary>Runs one plan on all ranks.</summary>
    public async Task<StepResult[]> StepAsync(StepPlan plan)
    {
        await SendAsync(plan);
        return await ResultsAsync(plan.Step);
    }

    public async Task SendAsync(StepPlan plan, int? onlyRank = null)
    {
        foreach (var rank in Enumerable.Range(0, _pipelines.Count).Where(rank => onlyRank is null || onlyRank == rank))
        {
            if (!await _pipelines[rank].SendAsync(plan, CancellationToken.None).WaitAsync(s_patience))
                throw new InvalidOperationException($"rank {rank} refused {plan}");
        }
    }

    public async Task<StepResult[]> ResultsAsync(long step)
    {
        return await Task.WhenAll(Enumerable.Range(0, _pipelines.Count).Select(rank => ResultAsync(step, rank)));
    }

    public Task<StepResult> ResultAsync(long step, int rank) => Slot(step, rank).Task.WaitAsync(s_patience);

    public async ValueTask DisposeAsync()
    {
        foreach (var pipeline in _pipelines)
            await pipeline.DisposeAsync();

        await _mesh.DisposeAsync();

        foreach (var part in _pools.Cast<IDisposable>().Concat(_weights).Concat(_devices))
            part.Dispose();
    }

    public static void RequireNoFault(StepResult[] results)
    {
        foreach (var result in results)
        {
            if (result.Fault is { } fault)
                throw new InvalidOperationException(fault.ToString());
        }
    }

    private readonly List<int> _baseline = [];

    private TaskCompletionSource<StepResult> Slot(long step, int rank) =>
        _results.GetOrAdd((step, rank), _ => new TaskCompletionSource<StepResult>(TaskCreationOptions.RunContinuationsAsynchronously));

    private void AddRank(string model, int rank, WeightStore store, MatrixTypes types, RankWorldOptions options)
    {
        var device = new CpuDevice(new CpuDeviceOptions { Threads = options.Threads, Name = $"rank{rank}" });
        _devices.Add(device);
        var shard = Topology.ShardOf(rank);
        var weights = ModelLoader.Load(model, Config, shard, device, types, store);
        _weights.Add(weights);
        var pool = new KvPool(device.Memory, new KvPoolShape
        {
            Layers = Config.NumHiddenLayers,
            Blocks = options.Blocks,
            BlockSize = BlockSize,
            Row = options.Row ?? KvRow.Of(Config, shard),
            DType = options.KvDType ?? types.Others,
        });
        _pools.Add(pool);
        _baseline.Add(device.Memory.LiveTensors);
        var setup = new RankSetup
        {
            Rank = rank,
            Topology = Topology,
            Device = options.Wrap?.Invoke(rank, device) ?? device,
            Weights = weights,
            Rope = new RotaryEmbedding(Config),
            Kv = pool,
            Groups = options.Groups(_mesh, rank),
            Logits = Logits,
            Clock = options.Clock?.Invoke(rank),
        };
        _pipelines.Add(new RankPipeline(
            setup,
            options.Deliver ?? (result => Slot(result.Step, result.Rank).SetResult(result)),
            layer => options.Attention(setup, layer)));
    }
}

/// <summary>What a test changes about its ranks.</summary>
internal sealed record RankWorldOptions
{
    public int Threads { get; init; } = 1;

    public int Blocks { get; init; } = 128;

    public DType? KvDType { get; init; }

    /// <summary>What <see cref="Attention"/> keeps of a token; null, the default, is what the model's own keeps.</summary>
    public KvRow? Row { get; init; }

    /// <summary>The attention of a layer; the model's own unless a test takes another.</summary>
    public Func<RankSetup, int, Attention> Attention { get; init; } = Stages.Attention.Create;

    /// <summary>Split from the shortest length that can be.</summary>
    public CpPolicySettings Policy { get; init; } = new() { MinTokens = 1 };

    public Func<int, StageClock>? Clock { get; init; }

    /// <summary>Takes the results; null, the default, keeps them for <see cref="RankWorld.ResultAsync"/>.</summary>
    public Action<StepResult>? Deliver { get; init; }

    public TimeSpan CollectiveTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock of <see cref="CollectiveTimeout"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Func<int, INpuDevice, INpuDevice>? Wrap { get; init; }

    /// <summary>The groups of a rank; the right ones unless a test takes others or listens in.</summary>
    public Func<IRankMesh, int, RankGroups> Groups { get; init; } = (mesh, rank) => mesh.GroupsOf(rank);
}
