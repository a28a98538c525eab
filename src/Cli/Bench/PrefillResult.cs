namespace AkkaCp.Cli.Bench;

/// <summary>The median run of a prompt length on a layout.</summary>
internal sealed record PrefillResult
{
    /// <summary>Tokens of the prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Ranks and threads.</summary>
    public required BenchLayout Layout { get; init; }

    /// <summary>Type of the weights.</summary>
    public required string DType { get; init; }

    /// <summary>From the first plan handed in to the sampled token, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Useful GFLOP/s of all ranks together.</summary>
    public required double Gflops { get; init; }

    /// <summary>Processor time of all threads of the process, in seconds: what other processes take is no part of it.</summary>
    public required double ProcessorSeconds { get; init; }

    /// <summary>Useful GFLOP/s over what the layout's processors could do.</summary>
    public required double ShareOfLimit { get; init; }

    /// <summary>Time that ranks stood waiting for K‖V, mean over ranks, over the whole time.</summary>
    public required double ExposedGatherShare { get; init; }

    /// <summary>Bytes of one rank's activations at their most: the rank that had most.</summary>
    public required long PeakActivationBytes { get; init; }

    /// <summary>The stages in their order.</summary>
    public required IReadOnlyList<StageFigure> Stages { get; init; }

    /// <summary>Prompt tokens per second.</summary>
    public double TokensPerSecond => PromptTokens / Seconds;
}

/// <summary>One stage of a run.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Milliseconds">Time that a rank's thread computed for it, mean over ranks, all layers and chunks.</param>
/// <param name="Gflops">Useful GFLOP/s of all ranks together during that time; 0 for a stage that multiplies nothing.</param>
internal sealed record StageFigure(string Name, double Milliseconds, double Gflops);
