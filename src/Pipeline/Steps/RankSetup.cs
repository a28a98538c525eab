using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline;

/// <summary>All that one rank's pipeline is made of. The pipeline owns none of it; whoever made a part disposes it afterwards.</summary>
public sealed record RankSetup
{
    /// <summary>Global rank.</summary>
    public required int Rank { get; init; }

    /// <summary>The layout that all ranks share.</summary>
    public required RankTopology Topology { get; init; }

    /// <summary>Where this rank computes; its stream runs the stages.</summary>
    public required INpuDevice Device { get; init; }

    /// <summary>This rank's shard of the model.</summary>
    public required ModelWeights Weights { get; init; }

    /// <summary>Rotary angles, a function of absolute positions.</summary>
    public required RotaryEmbedding Rope { get; init; }

    /// <summary>This rank's paged K and V.</summary>
    public required KvPool Kv { get; init; }

    /// <summary>The ways to the other ranks.</summary>
    public required RankGroups Groups { get; init; }

    /// <summary>Where all-row logits go; null when no request will ask.</summary>
    public ILogitsSink? Logits { get; init; }

    /// <summary>Steps that may be inside at once, at least 1: while one waits for a collective, another computes.</summary>
    public int StepsInside { get; init; } = 2;

    /// <summary>Takes the time of each stage; null, the default, measures nothing. One rank's own.</summary>
    public StageClock? Clock { get; init; }

    /// <summary>Measures elapsed time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
