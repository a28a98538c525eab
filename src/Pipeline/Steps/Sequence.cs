using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Kv;

namespace AkkaCp.Pipeline.Steps;

/// <summary>What a rank knows about a request between its steps. Changed only on the rank's own thread, when a plan enters.</summary>
internal sealed class Sequence(long id, SequenceStart start, int blockSize)
{
    /// <summary>Names the request in plans.</summary>
    public long Id { get; } = id;

    public SequenceStart Start { get; } = start;

    /// <summary>Tokens planned so far: those before the next step's.</summary>
    public int Prefix { get; private set; }

    /// <summary>Where its K and V lie in the pool.</summary>
    public BlockTable Blocks { get; } = new(blockSize);

    /// <summary>How often each token stands in prompt and output.</summary>
    public TokenCounts Counts { get; } = new();

    public void Append(StepRequest step)
    {
        if (step.Prefix != Prefix)
        {
            throw new InvalidOperationException(
                $"Request {Id}: expected a step with prefix {Prefix}, found {step.Prefix}; this rank missed a plan.");
        }

        Blocks.Append(step.NewBlocks.AsSpan());
        var prompt = Math.Clamp(Start.PromptLength - Prefix, 0, step.Tokens.Length);
        Counts.AddPrompt(step.Tokens.AsSpan()[..prompt]);
        foreach (var token in step.Tokens.AsSpan()[prompt..])
        {
            Counts.AddOutput(token);
        }

        Prefix += step.Tokens.Length;
    }
}
