namespace AkkaCp.Bench.Peers;

/// <summary>What both engines did with the same tokens in turns.</summary>
internal sealed record ComparisonResult
{
    /// <summary>prefill or decode.</summary>
    public required string Kind { get; init; }

    /// <summary>Tokens of the prompt, or before the decode steps.</summary>
    public required int Tokens { get; init; }

    /// <summary>Median, tokens/s.</summary>
    public required double Ours { get; init; }

    /// <summary>Median, tokens/s.</summary>
    public required double Theirs { get; init; }

    /// <summary>Median of the turns' ratios.</summary>
    public required double Ratio { get; init; }

    /// <summary>The same by processor time of the process.</summary>
    public required double RatioByProcessorTime { get; init; }

    /// <summary>Prompts behind which both found the same token most probable.</summary>
    public int SameNextToken { get; init; }

    /// <summary>The peer's options that were best, and in the turns.</summary>
    public required string PeerOptions { get; init; }

    /// <summary>All options that were tried, tokens/s of one run.</summary>
    public required IReadOnlyDictionary<string, double> PeerTried { get; init; }

    /// <summary>Each turn: ours and theirs, tokens/s.</summary>
    public required IReadOnlyList<double[]> Turns { get; init; }
}
