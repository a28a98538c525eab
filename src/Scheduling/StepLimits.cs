namespace AkkaCp.Scheduling;

/// <summary>How many requests wait and run, and what a step may hold.</summary>
public sealed record StepLimits
{
    /// <summary>The longest prefill chunk in tokens. Default 2048; 0 (off): a prompt is one chunk.</summary>
    public int ChunkTokens { get; init; } = 2048;

    /// <summary>
    /// Rows of a step at most, decode rows included. Default 4096; at least 2. With <see cref="ChunkTokens"/> off, one longer prompt
    /// may still have a step of its own.
    /// </summary>
    public int MaxStepTokens { get; init; } = 4096;

    /// <summary>How long a step should take while others decode or wait: prompts are cut to that, but to no fewer than 64 tokens. Default
    /// 500 ms; null (off): they are not cut for it.</summary>
    public TimeSpan? StepTarget { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Requests that hold KV at a time. Default 64; at least 1 and below <see cref="MaxStepTokens"/>.</summary>
    public int MaxRunning { get; init; } = 64;

    /// <summary>Requests that wait at a time; one more is refused as busy. Default 256; at least 1.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>Steps inside the ranks at a time. Default 2: one computes while another's K and V travel. 1 to 16.</summary>
    public int StepsInFlight { get; init; } = 2;
}
