using Akka.Event;

namespace AkkaCp.Actors.Links;

/// <summary>Logs connections that were turned away, one line a minute: a port that is scanned must not fill a disk.</summary>
internal sealed class TurnedAway(ILoggingAdapter log, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private long? _said;
    private int _unsaid;

    /// <summary>Notes one.</summary>
    public void Note(string remote, string reason)
    {
        int unsaid;
        lock (_lock)
        {
            if (_said is { } last && time.GetElapsedTime(last) < s_pause)
            {
                _unsaid++;
                return;
            }

            (_said, unsaid, _unsaid) = (time.GetTimestamp(), _unsaid, 0);
        }

        log.Warning("turned a control connection from {0} away: {1} ({2} more since the last line)", remote, reason, unsaid);
    }
}
