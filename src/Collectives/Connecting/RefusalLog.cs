using AkkaCp.Collectives.Links;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Counts refused connections and logs them, one line for each kind and minute: a port that is scanned must not fill a disk.
/// </summary>
internal sealed class RefusalLog(ILogger log, TransportMeter meter, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<RefusalKind, Entry> _entries = [];

    public void Refused(RefusalKind kind, string remote, string reason)
    {
        meter.Refused();
        int unsaid;
        lock (_lock)
        {
            if (_entries.TryGetValue(kind, out var last) && time.GetElapsedTime(last.LoggedAt) < s_pause)
            {
                _entries[kind] = last with { Unsaid = last.Unsaid + 1 };
                return;
            }

            unsaid = last.Unsaid;
            _entries[kind] = new Entry(time.GetTimestamp(), 0);
        }

        log.LogWarning("Refused a data connection from {Remote}: {Reason} ({Unsaid} more of this kind since the last line)",
            remote, reason, unsaid);
    }

    private readonly record struct Entry(long LoggedAt, int Unsaid);
}
