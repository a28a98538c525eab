using AkkaCp.Engine.Composition;
using AkkaCp.Model;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Templates;
using AkkaCp.Model.Tokenization;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline.Topology;

namespace AkkaCp.Engine;

/// <summary>What an engine would be with some options, found out without loading weights.</summary>
public sealed record EngineInspection
{
    /// <summary>The model's directory.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>Everything that is wrong with the model's files; an engine with such a model may not start, or not
    /// chat.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

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

    /// <summary>Weights of all ranks, equal pieces counted once, in bytes.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>KV pool of each rank, in bytes.</summary>
    public required IReadOnlyList<long> KvBytes { get; init; }

    /// <summary>Tokens that a pool holds.</summary>
    public required long KvTokens { get; init; }

    /// <summary>Finds it out.</summary>
    /// <param name="options">As for the engine.</param>
    /// <param name="scanTensors">Whether to read all weights and look for NaN and infinities.</param>
    /// <param name="cancellationToken">Ends a scan.</param>
    /// <exception cref="Actors.Settings.CpSettingsException">All that is wrong with settings, layout and config.json.</exception>
    public static EngineInspection Create(EngineOptions options, bool scanTensors = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plan = EnginePlan.Create(options);
        var shapes = Enumerable.Range(0, plan.Topology.WorldSize).Select(plan.KvShapeOf).ToList();
        return new EngineInspection
        {
            ModelDirectory = plan.Directory,
            Problems = [.. ModelProblems(plan, scanTensors, cancellationToken)],
            Topology = plan.Topology,
            ThreadsPerRank = plan.ThreadsPerRank,
            Dtype = plan.DType switch { Npu.DType.F32 => "float32", Npu.DType.I8 => "int8", _ => "bfloat16" },
            WeightBytes = plan.SharedWeightBytes,
            KvBytes = [.. shapes.Select(shape => shape.Bytes)],
            KvTokens = shapes.Min(shape => (shape.Blocks - 1L) * shape.BlockSize),
        };
    }

    private static IEnumerable<string> ModelProblems(EnginePlan plan, bool scanTensors, CancellationToken cancellationToken)
    {
        Action[] checks =
        [
            () => Tokenizer.Load(plan.Directory).RequireFits(plan.Model.VocabSize),
            () => ChatTemplate.Load(plan.Directory),
            () => GenerationDefaults.Load(plan.Directory),
            () => SafetensorsSet.Open(plan.Directory).Dispose(),
        ];
        foreach (var problem in checks.Select(ProblemOf).OfType<string>())
            yield return problem;
        if (!scanTensors)
            yield break;
        using var files = SafetensorsSet.Open(plan.Directory);
        foreach (var (tensor, count) in files.FindNonFinite(cancellationToken))
            yield return $"{tensor}: expected finite numbers, found {count} NaN or infinite";
    }

    private static string? ProblemOf(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (Exception error) when (error is ModelFormatException or TemplateException or SafetensorsException or IOException)
        {
            return error.Message;
        }
    }
}
