using System.Diagnostics;
using System.Diagnostics.Tracing;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Bench.Cluster;

/// <summary>
/// Listens to the process's steps: counts them, and keeps the times of the last ones. Time stamps of two processes of one machine can be
/// compared, for both read the machine's monotonic clock.
/// </summary>
internal sealed class StepTimes : EventListener
{
    private const int Kept = 1 << 16;

    private readonly Queue<StepTime> _times = new(Kept);
    private readonly Lock _lock = new();

    /// <summary>Steps that this process has planned.</summary>
    public long Planned { get; private set; }

    /// <summary>The times kept, and forgets them.</summary>
    public IReadOnlyList<StepTime> Take()
    {
        lock (_lock)
        {
            StepTime[] all = [.. _times];
            _times.Clear();
            return all;
        }
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == StepEvents.SourceName)
            EnableEvents(eventSource, EventLevel.Verbose);
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var now = Stopwatch.GetTimestamp();
        if (eventData.EventId is not (StepEvents.PlannedId or StepEvents.BegunId) || eventData.Payload is not { } values)
            return;

        var rank = eventData.EventId == StepEvents.BegunId ? (int)(long)values[2]! : StepTime.Coordinator;
        lock (_lock)
        {
            Planned += rank == StepTime.Coordinator ? 1 : 0;
            if (_times.Count == Kept)
                _times.Dequeue();

            _times.Enqueue(new StepTime((long)values[0]!, (long)values[1]!, rank, now));
        }
    }
}

/// <summary>When a step was planned, or begun by a rank.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Step">Its number.</param>
/// <param name="Rank">The rank; <see cref="Coordinator"/> for the plan.</param>
/// <param name="Time">The machine's time stamp.</param>
internal sealed record StepTime(long Epoch, long Step, int Rank, long Time)
{
    public const int Coordinator = -1;
}
