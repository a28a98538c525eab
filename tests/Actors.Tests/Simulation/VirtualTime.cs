namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>What is to happen, in order of time, and where times are equal in the order in which it was planned. In milliseconds.</summary>
internal sealed class VirtualTime
{
    // Time stands in the upper bits of a plan's place, its number below: one comparison, and no two plans are equal.
    private const int NumberBits = 36;

    private readonly PriorityQueue<Action, long> _plans = new();
    private long _planned;

    /// <summary>Now.</summary>
    public long Now { get; private set; }

    /// <summary>Something happens after a time.</summary>
    public void After(long milliseconds, Action what) =>
        _plans.Enqueue(what, ((Now + milliseconds) << NumberBits) | _planned++);

    /// <summary>The next thing happens.</summary>
    public void Next()
    {
        if (!_plans.TryDequeue(out var what, out var place))
            throw new SimulationException("nothing is left to happen");
        Now = place >> NumberBits;
        what();
    }
}
