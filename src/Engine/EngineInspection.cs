using AkkaCp.Collectives.Topology;
using AkkaCp.Engine.Composition;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu.Cpu;
using AkkaCp.Settings;

namespace AkkaCp.Engine;

/// <summary>What an engine would be with some options, found out without loading weights.</summary>
public sealed record EngineInspection
{
    /// <summary>The model's directory, or the GGUF file that holds it.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>Everything that is wrong with the model's files, and what they need beyond this machine's memory; an engine
    /// with such a model may not start, or not chat.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>What is accepted and may be meant otherwise: keys and tensors that are passed over, defaults that stand for missing keys.
    /// </summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Tokens that end an answer, and why.</summary>
    public required IReadOnlyList<EndToken> EndTokens { get; init; }

    /// <summary>The ranks and their groups.</summary>
    public required RankTopology Topology { get; init; }

    /// <summary>Computing threads of each rank.</summary>
    public required int ThreadsPerRank { get; init; }

    /// <summary>Processors of this machine.</summary>
    public int Processors { get; } = Environment.ProcessorCount;

    /// <summary>The kernels that products run on, and why.</summary>
    public string Kernels { get; } = $"{CpuDevice.DefaultKernels.Name} kernels ({CpuDevice.DefaultKernels.Reason})";

    /// <summary>Type of the weights in memory.</summary>
    public required string Dtype { get; init; }

    /// <summary>What the weights' files hold of each type, the most first.</summary>
    public required IReadOnlyList<StoredType> StoredTypes { get; init; }

    /// <summary>What becomes of quantised weights in memory, the most bytes first; none where none is quantised.</summary>
    public required IReadOnlyList<WeightForm> WeightForms { get; init; }

    /// <summary>Weights of all ranks, equal pieces counted once, in bytes.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>KV pool of each rank, in bytes.</summary>
    public required IReadOnlyList<long> KvBytes { get; init; }

    /// <summary>The table of rotary angles, one for each process, in bytes.</summary>
    public required long RotaryBytes { get; init; }

    /// <summary>Tokens that a pool holds.</summary>
    public required long KvTokens { get; init; }

    /// <summary>Finds it out.</summary>
    /// <param name="options">As for the engine.</param>
    /// <param name="scanTensors">Whether to read all weights and look for NaN and infinities.</param>
    /// <param name="cancellationToken">Ends a scan.</param>
    /// <exception cref="SettingsException">All that is wrong with settings, layout and config.json.</exception>
    public static EngineInspection Create(EngineOptions options, bool scanTensors = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limits = MemoryClaims.OfMachine.Left(SystemLimits.Read());
        var found = ModelFindings.Of(EngineSpec.Create(options));
        var spec = found.Spec.Sized(limits);
        if (scanTensors)
            found.ScanWeights(spec.ModelPath, cancellationToken);
        var shapes = Enumerable.Range(0, spec.Topology.WorldSize).Select(spec.KvShapeOf).ToList();
        var need = spec.NeedHere;
        return new EngineInspection
        {
            ModelDirectory = spec.ModelPath,
            Problems = [.. found.Problems, .. MemoryProblems(spec, limits)],
            Notes = found.Notes,
            EndTokens = found.EndTokens,
            StoredTypes = found.StoredTypes,
            WeightForms = found.WeightForms,
            Topology = spec.Topology,
            ThreadsPerRank = spec.ThreadsPerRank,
            Dtype = spec.Types.OthersName,
            WeightBytes = need.WeightBytes,
            KvBytes = [.. shapes.Select(shape => shape.Bytes)],
            KvTokens = spec.KvTokens,
            RotaryBytes = need.RotaryBytes,
        };
    }

    // Ranks of a cluster are elsewhere: its nodes look at their own memory.
    private static IReadOnlyList<string> MemoryProblems(EngineSpec spec, SystemLimits limits) =>
        spec.Settings.Cluster.Seeds.IsEmpty ? spec.NeedHere.Problems(limits) : [];
}
