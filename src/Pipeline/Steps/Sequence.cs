using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Kv;

namespace AkkaCp.Pipeline.Steps;

/// <summary>What a rank knows about a request between its steps. Changed only on the rank's own thread, when a plan enters.</summary>
internal sealed class Sequence(long request, SequenceStart start, int blockSize)
{
    public long Request { get; } = request;

    public SequenceStart Start { get; } = start;

    /// <summary>Tokens planned so far: the next step's prefix.</summary>
    public int Length { get; private set; }

    /// <summary>Where its K and V lie in the pool.</summary>
    public BlockTable Blocks { get; } = new(blockSize);

    /// <summary>How often each token stands in prompt and output.</summary>
    public TokenCounts Counts { get; } = new();

    public void Append(StepRequest step)
    {
        if (step.Prefix != Length)
        {
            throw new InvalidOperationException(
                $"Request {Request}: expected a step with prefix {Length}, found {step.Prefix}; this rank missed a plan.");
        }

        Blocks.Append(step.NewBlocks.AsSpan());
        var prompt = Math.Clamp(Start.PromptLength - Length, 0, step.Tokens.Length);
        Counts.AddPrompt(step.Tokens.AsSpan()[..prompt]);
        foreach (var token in step.Tokens.AsSpan()[prompt..])
        {
            Counts.AddOutput(token);
        }

        Length += step.Tokens.Length;
    }
}
