namespace AkkaCp.Pipeline.Steps;

/// <summary>The steps that are inside one rank's pipeline, and the contexts of steps that have left, for reuse. Thread-safe.</summary>
internal sealed class StepsInside(RankSetup setup)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, StepContext> _inside = [];
    private readonly Stack<StepContext> _idle = [];
    private long _lastLeft;

    /// <summary>A step enters.</summary>
    /// <exception cref="InvalidOperationException">A step of this number is inside.</exception>
    public StepContext Enter(StepPlan plan)
    {
        lock (_lock)
        {
            if (_inside.ContainsKey(plan.Step))
                throw new InvalidOperationException($"rank {setup.Rank}: expected a new step, found {plan}, which is inside already");

            var step = _idle.TryPop(out var idle) ? idle : new StepContext(setup);
            step.Start(plan);
            _inside.Add(plan.Step, step);
            return step;
        }
    }

    /// <summary>A step leaves, once, and gives its memory back.</summary>
    /// <returns>What it took; null when it has left before.</returns>
    public async ValueTask<StepStats?> LeaveAsync(StepPlan plan)
    {
        StepContext? step;
        lock (_lock)
        {
            if (!_inside.Remove(plan.Step, out step))
                return null;
        }

        var stats = await step.EndAsync().ConfigureAwait(false);
        lock (_lock)
        {
            var (since, now) = (Math.Max(step.Started, _lastLeft), setup.Time.GetTimestamp());
            _lastLeft = now;
            _idle.Push(step);
            return stats with { Elapsed = setup.Time.GetElapsedTime(since, now) };
        }
    }

    /// <summary>Those inside now, first ones first.</summary>
    public IReadOnlyList<StepPlan> Plans()
    {
        lock (_lock)
            return [.. _inside.Values.Select(step => step.Plan).OrderBy(plan => plan.Step)];
    }
}
