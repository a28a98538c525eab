namespace AkkaCp.Cli.Bench;

/// <summary>The median step of a number of streams at a depth on a layout.</summary>
internal sealed record DecodeResult
{
    /// <summary>Tokens before the measured ones, in each stream.</summary>
    public required int Depth { get; init; }

    /// <summary>Streams that decode together.</summary>
    public required int Streams { get; init; }

    /// <summary>Ranks and threads.</summary>
    public required BenchLayout Layout { get; init; }

    /// <summary>Type of the weights.</summary>
    public required string DType { get; init; }

    /// <summary>A step, from its plan to its tokens, in seconds.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>The part of a step in which a rank's thread was in no stage and waited for no transfer,
    /// mean over ranks and steps.</summary>
    public required double OverheadSeconds { get; init; }

    /// <summary>Bytes that a step must read at least, see <see cref="UsefulWork.DecodeBytes"/>.</summary>
    public required double StepBytes { get; init; }

    /// <summary>GB/s of those bytes over what the layout's processors can read.</summary>
    public required double ShareOfBandwidth { get; init; }

    /// <summary>Managed bytes that the process allocated for a step, the measurement's own plan included.</summary>
    public required long ManagedBytesPerStep { get; init; }

    /// <summary>The stages in their order: milliseconds of a step; no GFLOP/s.</summary>
    public required IReadOnlyList<StageFigure> Stages { get; init; }

    /// <summary>All streams together.</summary>
    public double TokensPerSecond => Streams / StepSeconds;

    /// <summary>GB/s of <see cref="StepBytes"/>.</summary>
    public double GBps => StepBytes / StepSeconds / 1e9;
}
