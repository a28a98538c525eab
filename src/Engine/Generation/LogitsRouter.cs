using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Engine.Generation;

/// <summary>
/// Brings logits to whoever asked for them. The coordinator numbers a request, and its ranks may give rows before the requester
/// has heard of the number; such rows wait here, which is a few: the number is told before the first step is planned. Rows that a
/// step still inside gives of a request that has ended go nowhere.
/// </summary>
internal sealed class LogitsRouter : ILogitsSink
{
    // Steps inside are at most 16, and each holds the rows of few requests that have ended.
    private const int RememberedEnds = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, LogitsRow> _takers = [];
    private readonly Dictionary<long, List<(int Position, float[] Logits)>> _early = [];
    private readonly HashSet<long> _ended = [];
    private readonly Queue<long> _endedInOrder = [];

    /// <inheritdoc/>
    public void Write(long sequenceId, int position, ReadOnlySpan<float> logits)
    {
        LogitsRow? taker;
        lock (_gate)
        {
            if (!_takers.TryGetValue(sequenceId, out taker))
            {
                if (!_ended.Contains(sequenceId))
                    Early(sequenceId).Add((position, logits.ToArray()));
                return;
            }
        }

        taker(position, logits);
    }

    /// <summary>From now on the request's rows go to the taker; those that waited go to it now.</summary>
    public void Connect(long sequenceId, LogitsRow taker)
    {
        List<(int Position, float[] Logits)>? waiting;
        lock (_gate)
        {
            _takers[sequenceId] = taker;
            _early.Remove(sequenceId, out waiting);
        }

        foreach (var (position, logits) in waiting ?? [])
            taker(position, logits);
    }

    /// <summary>The request has ended.</summary>
    public void Disconnect(long sequenceId)
    {
        lock (_gate)
        {
            _takers.Remove(sequenceId);
            _early.Remove(sequenceId);
            if (_ended.Add(sequenceId))
                _endedInOrder.Enqueue(sequenceId);
            if (_endedInOrder.Count > RememberedEnds)
                _ended.Remove(_endedInOrder.Dequeue());
        }
    }

    private List<(int Position, float[] Logits)> Early(long sequenceId)
    {
        if (!_early.TryGetValue(sequenceId, out var rows))
            _early.Add(sequenceId, rows = []);
        return rows;
    }
}
