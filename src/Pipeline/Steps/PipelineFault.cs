namespace AkkaCp.Pipeline.Steps;

/// <summary>The part of the way that failed.</summary>
public enum FaultKind
{
    /// <summary>A stage threw: a bug, or memory ran out.</summary>
    StageFailed,

    /// <summary>A peer did not take part in a collective in time.</summary>
    PeerLost,

    /// <summary>A peer left the step; its own fault says why.</summary>
    PeerAborted,

    /// <summary>Peers disagreed about a collective's operation, tag or sizes.</summary>
    CollectiveMismatch,

    /// <summary>Logits held NaN or infinity.</summary>
    NonFiniteLogits,

    /// <summary>The pipeline was stopped with the step inside.</summary>
    Stopped,

    /// <summary>A rank's actor or process is gone. Its number is what travels between nodes.</summary>
    RankLost = 7,
}

/// <summary>A failure as a value: it rides the pipeline's links to the end and becomes a reply.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Stage">Name of the stage, or of the part outside the pipeline.</param>
/// <param name="Layer">Layer, or -1 where there is none.</param>
/// <param name="Rank">Global rank that saw it.</param>
/// <param name="Step">The step.</param>
/// <param name="Message">What happened, in one line.</param>
public sealed record PipelineFault(FaultKind Kind, string Stage, int Layer, int Rank, long Step, string Message)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Kind} in {Stage}{(Layer < 0 ? "" : $" of layer {Layer}")} on rank {Rank}, step {Step}: {Message}";
}
