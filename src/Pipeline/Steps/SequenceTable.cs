namespace AkkaCp.Pipeline.Steps;

/// <summary>The requests that a rank holds K and V of. Every rank's table is the same, since every rank sees the same plans.</summary>
internal sealed class SequenceTable(int blockSize)
{
    private readonly Dictionary<long, Sequence> _sequences = [];

    /// <summary>Requests held.</summary>
    public int Count => _sequences.Count;

    /// <summary>Forgets what the plan releases, takes up what it starts, and appends its tokens and blocks.</summary>
    /// <returns>The sequence of each of the plan's requests, in its order.</returns>
    /// <exception cref="InvalidOperationException">The plan does not follow from the plans before it.</exception>
    public Sequence[] Apply(StepPlan plan)
    {
        foreach (var request in plan.Released)
        {
            _sequences.Remove(request);
        }

        var sequences = new Sequence[plan.Requests.Length];
        for (var i = 0; i < sequences.Length; i++)
        {
            sequences[i] = Find(plan.Requests[i]);
            sequences[i].Append(plan.Requests[i]);
        }

        return sequences;
    }

    private Sequence Find(StepRequest step)
    {
        if (step.Start is { } start)
        {
            return _sequences[step.Request] = new Sequence(step.Request, start, blockSize);
        }

        return _sequences.TryGetValue(step.Request, out var sequence)
            ? sequence
            : throw new InvalidOperationException($"Request {step.Request}: expected a first step with its start, found a later one.");
    }
}
