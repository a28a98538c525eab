using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Kv;

namespace AkkaCp.Pipeline.Steps;

/// <summary>The requests that a rank holds K and V of. Every rank's table is the same, since every rank sees the same plans.</summary>
internal sealed class SequenceTable(int blockSize)
{
    private readonly Dictionary<long, Sequence> _sequences = [];

    /// <summary>Requests held.</summary>
    public int Count => _sequences.Count;

    /// <summary>Forgets what the plan releases, takes up what it starts, and appends its tokens and blocks.</summary>
    /// <param name="plan">The plan that enters.</param>
    /// <param name="sequences">Gets the sequence of each of the plan's requests, in its order.</param>
    /// <exception cref="InvalidOperationException">The plan does not follow from the plans before it.</exception>
    public void Apply(StepPlan plan, List<Sequence> sequences)
    {
        sequences.Clear();
        foreach (var request in plan.Released)
            _sequences.Remove(request);

        foreach (var request in plan.Requests)
        {
            var sequence = Find(request);
            sequence.Append(request);
            sequences.Add(sequence);
        }
    }

    private Sequence Find(StepRequest step)
    {
        if (step.Start is { } start)
            return _sequences[step.SequenceId] = new Sequence(step.SequenceId, start, step.Prefix, blockSize);

        return _sequences.TryGetValue(step.SequenceId, out var sequence)
            ? sequence
            : throw new InvalidOperationException($"Request {step.SequenceId}: expected a first step with its start, found a later one.");
    }
}

/// <summary>What a rank knows about a request between its steps. Changed only on the rank's own thread, when a plan enters.</summary>
internal sealed class Sequence
{
    /// <param name="id">Names the request in plans.</param>
    /// <param name="start">What its first step says of it.</param>
    /// <param name="prefix">Tokens in front of its first step.</param>
    /// <param name="blockSize">Tokens of a block.</param>
    public Sequence(long id, SequenceStart start, int prefix, int blockSize)
    {
        (Id, Start, Prefix, Blocks) = (id, start, prefix, new BlockTable(blockSize));
        Count(0, start.Seen.AsSpan());
    }

    /// <summary>Names the request in plans.</summary>
    public long Id { get; }

    public SequenceStart Start { get; }

    /// <summary>Tokens planned so far: those before the next step's.</summary>
    public int Prefix { get; private set; }

    /// <summary>Where its K and V lie in the pool.</summary>
    public BlockTable Blocks { get; }

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
        Count(Prefix, step.Tokens.AsSpan());
        Prefix += step.Tokens.Length;
    }

    private void Count(int position, ReadOnlySpan<int> tokens)
    {
        var prompt = Math.Clamp(Start.PromptLength - position, 0, tokens.Length);
        Counts.AddPrompt(tokens[..prompt]);
        foreach (var token in tokens[prompt..])
            Counts.AddOutput(token);
    }
}
