using AkkaCp.Collectives.Topology;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Scheduling;
using AkkaCp.Settings;
using AkkaCp.Text.Files;

namespace AkkaCp.Engine.Composition;

/// <summary>What an engine will be made of, decided from settings and config.json before any weight is read.</summary>
internal sealed record EngineSpec
{
    /// <summary>The settings.</summary>
    public required EngineSettings Settings { get; init; }

    /// <summary>The model's directory, or the file that holds it.</summary>
    public string ModelPath => Files.Path;

    /// <summary>Its small files, each read once in a start; forgotten when the start is over.</summary>
    public required ModelFolder Files { get; init; }

    /// <summary>The model's dimensions.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The ranks and their groups.</summary>
    public required RankTopology Topology { get; init; }

    /// <summary>Types of the weights in memory; which keep their groups is known when their files have been looked at, by
    /// <see cref="OverFiles"/>.</summary>
    public required MatrixTypes Types { get; init; }

    /// <summary>Type in memory of weights that keep no groups.</summary>
    public DType DType => Types.Others;

    /// <summary>Each rank's part of the model.</summary>
    public required IReadOnlyList<ShardSpec> Shards { get; init; }

    /// <summary>Ranks that this process has at most: all of them, or a cluster node's places.</summary>
    public required int RanksHere { get; init; }

    /// <summary>Computing threads of each rank.</summary>
    public required int ThreadsPerRank { get; init; }

    /// <summary>Memory of a rank's KV pool where the machine decides about it; as <see cref="Sized"/> found it.</summary>
    public long KvBytesOfMachine { get; private init; }

    /// <summary>Where memory and threads of the ranks come from.</summary>
    public required DeviceResources Resources { get; init; }

    /// <summary>Tokens that the KV pools hold: no position is ever above it.</summary>
    public long KvTokens => (KvBlocks - 1L) * Settings.KvCache.BlockSizeTokens;

    /// <summary>Blocks of the smallest of the ranks' KV pools, block 0 included.</summary>
    public int KvBlocks => Enumerable.Range(0, Topology.WorldSize).Min(rank => KvShapeOf(rank).Blocks);

    /// <summary>Positions whose rotary angles may be asked for.</summary>
    public int Positions => (int)Math.Min(Model.MaxPositionEmbeddings, KvTokens);

    /// <summary>Decides everything for an engine with all its ranks in this process.</summary>
    /// <exception cref="SettingsException">All that is wrong with settings, layout and model together.</exception>
    public static EngineSpec Create(EngineOptions options) =>
        Create(EngineConfiguration.Load(options), options.Resources, ranksHere: null);

    /// <summary>Decides everything for one node of a cluster.</summary>
    /// <exception cref="SettingsException">All that is wrong with settings, layout and model together.</exception>
    public static EngineSpec CreateForNode(EngineOptions options)
    {
        var settings = EngineConfiguration.Load(options);
        return Create(settings, options.Resources, settings.Cluster.Places);
    }

    private static EngineSpec Create(EngineSettings settings, DeviceResources resources, int? ranksHere)
    {
        var problems = new List<string>();
        var topology = new RankTopology(
            settings.Parallel.EffectiveTp, settings.Parallel.AttnCp, settings.Parallel.EffectiveMoeDp, settings.Parallel.Ep);
        problems.AddRange(topology.RunnableProblems());
        if (settings.Model is { Activations: ActivationMode.Float32, DType: not (ComputeDType.Auto or ComputeDType.Float32) })
        {
            var dtype = MatrixTypes.All(DTypeOf(settings.Model.DType, DType.F32)).OthersName;
            problems.Add($"akka-cp.model.activations: expected auto with dtype {dtype}, found f32");
        }


        var files = ModelFiles.Of(PathOf(settings, problems));
        var model = LoadConfig(files, problems);
        if (model is null || problems.Count > 0)
            throw new SettingsException(problems);

        var shards = Enumerable.Range(0, topology.WorldSize).Select(topology.ShardOf).ToList();
        problems.AddRange(shards.Distinct().SelectMany(shard => shard.Problems(model)).Distinct());
        if (problems.Count > 0)
            throw new SettingsException(problems);
        return new EngineSpec
        {
            Settings = settings,
            Files = files,
            Model = model,
            Topology = topology,
            Types = settings.Model.Activations == ActivationMode.Float32 ? DType.F32 : DTypeOf(
                settings.Model.DType, model.TorchDtype == "bfloat16" || model.Quantization is not null ? DType.BF16 : DType.F32),
            Shards = shards,
            Resources = resources,
            RanksHere = ranksHere ?? topology.WorldSize,
            ThreadsPerRank = settings.Device.Threads ?? Math.Max(1, Environment.ProcessorCount / (ranksHere ?? topology.WorldSize)),
        };
    }

    /// <summary>Size of a rank's KV pool.</summary>
    public KvPoolShape KvShapeOf(int rank)
    {
        var kv = Settings.KvCache;
        var one = new KvPoolShape
        {
            Layers = Model.NumHiddenLayers,
            Blocks = 2,
            BlockSize = kv.BlockSizeTokens,
            Row = KvRow.Of(Model, Shards[rank]),
            DType = DTypeOf(kv.DType, Types.Plain),
        };
        var needed = (long)Settings.Scheduler.MaxRunning * BlockTable.BlocksFor(Model.MaxPositionEmbeddings, kv.BlockSizeTokens);
        var blocks = kv.Tokens is { } tokens
            ? BlockTable.BlocksFor(tokens, kv.BlockSizeTokens)
            : Math.Clamp((kv.MemoryBytes ?? KvBytesOfMachine) / one.BytesPerBlock, kv.IsSizedByMachine ? LeastBlocks : 1, needed);
        // Block 0 is nobody's.
        return (one with { Blocks = (int)Math.Min(blocks + 1, int.MaxValue / kv.BlockSizeTokens) }).Validate();
    }

    /// <summary>The same with KV pools as large as the memory allows that is free now, where the settings leave it to that.</summary>
    /// <param name="limits">What the system lets this process have.</param>
    public EngineSpec Sized(SystemLimits limits)
    {
        if (!Settings.KvCache.IsSizedByMachine)
            return this;
        var need = NeedHere with { RotaryBytes = RotaryEmbedding.TableBytesOf(Model, Model.MaxPositionEmbeddings) };
        // Block 0, which holds no token, comes on top.
        return this with { KvBytesOfMachine = need.KvBytesPerRank(limits) - KvShapeOf(0).BytesPerBlock };
    }

    /// <summary>Refuses dimensions that the weights do not have, before anything is counted by them, and decides which of the weights
    /// keep their groups.</summary>
    /// <returns>The spec, and the hash of the weights' names, types and shapes.</returns>
    /// <exception cref="SettingsException">All that differ.</exception>
    /// <exception cref="ModelFormatException">A file of the weights cannot be read or breaks the format.</exception>
    public (EngineSpec Spec, string Tensors) OverFiles()
    {
        try
        {
            using var files = WeightFiles.Open(ModelPath);
            files.RequireDimensions(Model);
            var keepsGroups = Settings.Model is { DType: ComputeDType.Auto, Activations: ActivationMode.Auto };
            return (keepsGroups ? this with { Types = MatrixTypes.OfFiles(files, DType) } : this, files.TensorsHash());
        }
        catch (ModelConfigException error)
        {
            throw new SettingsException([.. ProblemsOf(error)]);
        }
    }

    /// <summary>What these ranks take in this process.</summary>
    public MemoryNeed NeedOf(IReadOnlyList<int> ranks) => new(
        ranks.Count,
        WeightBytes.EstimateShared(Model, ranks.Select(rank => Shards[rank]), Types),
        ByteCount.Sum(ranks.Select(rank => KvShapeOf(rank).Bytes)),
        RotaryEmbedding.TableBytesOf(Model, Positions),
        ranks.Count * ThreadsPerRank,
        Settings.KvCache.Tokens is null ? "akka-cp.kv-cache.memory" : "akka-cp.kv-cache.tokens")
    {
        LeastKvBytes = Settings.KvCache.IsSizedByMachine
            ? ByteCount.Sum(ranks.Select(rank => ByteCount.Product(KvShapeOf(rank).BytesPerBlock, LeastBlocks))) : null,
        ScratchBytes = ByteCount.Product(ranks.Count, ThreadsPerRank, CpuDevice.ScratchBytesOf(KvShapeOf(0).Row.KeyDim)),
    };

    /// <summary>What a process with all ranks takes; of a cluster node, with as many as it has places for.</summary>
    public MemoryNeed NeedHere => NeedOf([.. Enumerable.Range(0, Math.Min(RanksHere, Topology.WorldSize))]);

    /// <summary>Processors of the threads of the rank at a place of this process, 0 .. RanksHere - 1;
    /// null leaves them to the system.</summary>
    public IReadOnlyList<int>? CoresOf(int place)
    {
        // With cores to spare, several engines of a machine would all be pinned to its first ones while the others idle.
        var usesAll = RanksHere * ThreadsPerRank == Environment.ProcessorCount;
        var allowed = CpuDevice.AllowedProcessors;
        return Settings.Device.Pin is PinMode.On || (Settings.Device.Pin is PinMode.Auto && usesAll)
            ? [.. Enumerable.Range(place * ThreadsPerRank, ThreadsPerRank).Select(thread => allowed[thread % allowed.Count])]
            : null;
    }

    /// <summary>Where the model lies, as a whole path; empty where there is none.</summary>
    private static string PathOf(EngineSettings settings, List<string> problems)
    {
        if (settings.Model.Path is { Length: > 0 } path && !path.Contains('\0', StringComparison.Ordinal))
            return Path.GetFullPath(path);
        problems.Add(
            "akka-cp.model.path: expected a model directory or a GGUF file, found "
            + (settings.Model.Path is null ? "none" : "a text that is no path"));
        return "";
    }

    private static ModelConfig? LoadConfig(ModelFolder files, List<string> problems)
    {
        if (files.Path.Length == 0)
            return null;
        if (!ModelFiles.Exist(files.Path))
        {
            problems.Add($"akka-cp.model.path: expected a model directory or a GGUF file, found none at {files.Path}");
            return null;
        }

        try
        {
            return ModelConfig.Load(files);
        }
        catch (ModelConfigException error)
        {
            problems.AddRange(ProblemsOf(error));
            return null;
        }
    }

    private static IEnumerable<string> ProblemsOf(ModelConfigException error) => error.Reasons.Select(reason => $"{error.File}: {reason}");

    /// <summary>A request of one block and the tokens ahead that it is promised, or one as long as the model takes.</summary>
    private int LeastBlocks => BlockTable.BlocksFor(
        Math.Min(Settings.KvCache.BlockSizeTokens + SchedulerLimits.DefaultTokensAhead, Model.MaxPositionEmbeddings),
        Settings.KvCache.BlockSizeTokens);

    private static DType DTypeOf(ComputeDType given, DType otherwise) => given switch
    {
        ComputeDType.Float32 => DType.F32,
        ComputeDType.BFloat16 => DType.BF16,
        ComputeDType.Int8 => DType.I8,
        ComputeDType.Int4 => DType.Q4,
        _ => otherwise,
    };
}
