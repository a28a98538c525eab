using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Engine;

/// <summary>
/// What an embedding program says about the engine. Every public property but the last three stands for a key of the configuration and is
/// laid over it as an override, so that a file, a flag and a property mean the same; null leaves the key as the configuration has
/// it.
/// </summary>
public sealed record EngineOptions
{
    /// <summary>Directory of the model in Hugging Face layout, or GGUF file (<c>akka-cp.model.path</c>). Default: from the
    /// configuration.</summary>
    public string? ModelPath { get; init; }

    /// <summary>HOCON file. Default null: the built-in reference configuration alone.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Configuration keys, <c>akka-cp.</c> included, and their values in HOCON; these win over everything. Default
    /// none.</summary>
    public IReadOnlyDictionary<string, string> Overrides { get; init; } = new Dictionary<string, string>();

    /// <summary>Ranks in all (<c>akka-cp.parallel.tp</c>), at least 1.</summary>
    public int? Tp { get; init; }

    /// <summary>Context-parallel ranks that share a prompt's tokens (<c>akka-cp.parallel.attn-cp</c>), at least 1.</summary>
    public int? AttnCp { get; init; }

    /// <summary>Groups that run experts on their own rows (<c>akka-cp.parallel.moe-dp</c>), at least 1.</summary>
    public int? MoeDp { get; init; }

    /// <summary>Ranks that the experts are divided over (<c>akka-cp.parallel.ep</c>), at least 1.</summary>
    public int? Ep { get; init; }

    /// <summary>Type of the weights in memory: float32, bfloat16, int8 or int4 (<c>akka-cp.model.dtype</c>).</summary>
    public string? Dtype { get; init; }

    /// <summary>What products take of activations: auto or f32 (<c>akka-cp.model.activations</c>).</summary>
    public string? Activations { get; init; }

    /// <summary>Computing threads of each rank (<c>akka-cp.device.threads</c>); 0 divides the machine's cores among the
    /// ranks.</summary>
    public int? Threads { get; init; }

    /// <summary>Prompt tokens of one step at most (<c>akka-cp.scheduler.chunk-tokens</c>); 0 does not divide prompts.</summary>
    public int? ChunkTokens { get; init; }

    /// <summary>Shortest extend that is split over the CP ranks, in tokens
    /// (<c>akka-cp.context-parallel.min-tokens</c>).</summary>
    public int? MinCpTokens { get; init; }

    /// <summary>How long disposal lets running requests go on (<c>akka-cp.scheduler.drain-timeout</c>); zero ends them at
    /// once.</summary>
    public TimeSpan? DrainTimeout { get; init; }

    /// <summary>Where the engine logs. Default null: nowhere. Prompts and answers are never logged.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Told how much of the weights is loaded; called on loading threads. Default null: nobody.</summary>
    public IProgress<LoadProgress>? LoadProgress { get; init; }

    /// <summary>Told when a request has waited 2 s for a cluster that cannot run it yet, once each time: who was asked, what is missing,
    /// and how long it waits. Called on an actor's thread; must not block. The log gets the same as a warning. Default null:
    /// nobody.</summary>
    public IProgress<ClusterWait>? ClusterWait { get; init; }

    /// <summary>The same, with every callback guarded: the one place where the program's code enters the engine's options.</summary>
    internal EngineOptions Guarded()
    {
        var callbacks = Callbacks.Of(LoggerFactory);
        return this with
        {
            LoggerFactory = callbacks,
            LoadProgress = callbacks.Guard(nameof(LoadProgress), LoadProgress),
            ClusterWait = callbacks.Guard(nameof(ClusterWait), ClusterWait),
        };
    }

    /// <summary>For tests: where memory and threads of the ranks come from. Default: this process.</summary>
    internal DeviceResources Resources { get; init; } = DeviceResources.OfProcess;
}
