using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// The meeting point of all ranks of one process: makes each rank's ports to its groups. One lock orders the arrivals of all groups;
/// it is held for microseconds, never while rows move. Idle, it holds no calls, and its timers stand.
/// </summary>
public sealed class LocalRankHub
{
    /// <summary>How long a call waits for its peers unless told otherwise: for ever. Ranks of one process live and die together, one
    /// that fails says so (<see cref="IRankGroup.Abort"/>), and one that computes for minutes is late but not lost.</summary>
    public static readonly TimeSpan DefaultTimeout = System.Threading.Timeout.InfiniteTimeSpan;

    private readonly Dictionary<CollectiveTag, (GroupKind Kind, int Groups)> _tagsInUse = [];
    private readonly Dictionary<(GroupKind Kind, int Rank), LocalRankGroup> _ports = [];
    private readonly List<LocalGroup> _groups = [];

    /// <param name="topology">Which ranks there are, and their groups.</param>
    /// <param name="timeout">How long a call waits for its peers after the first one came; infinite turns it off.
    /// <see cref="DefaultTimeout"/> when null.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="TopologyException">The layout cannot be.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is zero or negative, and not infinite.</exception>
    public LocalRankHub(RankTopology topology, TimeSpan? timeout = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(topology);
        Timeout = timeout ?? DefaultTimeout;
        if (Timeout != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Timeout, TimeSpan.Zero, nameof(timeout));
        }

        Time = time ?? TimeProvider.System;
        foreach (var members in Enum.GetValues<GroupKind>().SelectMany(topology.Validate().Groups))
        {
            var group = new LocalGroup(this, members);
            _groups.Add(group);
            for (var i = 0; i < members.Ranks.Count; i++)
            {
                _ports.Add((members.Kind, members.Ranks[i]), new LocalRankGroup(group, i));
            }
        }
    }

    /// <summary>How long a call waits for its peers after the first one came.</summary>
    public TimeSpan Timeout { get; }

    internal Lock Lock { get; } = new();

    internal TimeProvider Time { get; }

    internal IReadOnlyList<LocalGroup> Groups => _groups;

    /// <summary>A rank's port to its group of a kind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public IRankGroup Group(GroupKind kind, int globalRank) => _ports.TryGetValue((kind, globalRank), out var port)
        ? port
        : throw new ArgumentOutOfRangeException(nameof(globalRank), globalRank, $"no {kind.Name()} group has this rank");

    /// <summary>The kind of group in which calls wait under a tag now; null when none do.</summary>
    internal GroupKind? KindInUse(CollectiveTag tag) => _tagsInUse.TryGetValue(tag, out var use) ? use.Kind : null;

    internal void Use(CollectiveTag tag, GroupKind kind) => _tagsInUse[tag] = (kind, _tagsInUse.GetValueOrDefault(tag).Groups + 1);

    internal void Unuse(CollectiveTag tag)
    {
        var (kind, groups) = _tagsInUse[tag];
        if (groups == 1)
        {
            _tagsInUse.Remove(tag);
        }
        else
        {
            _tagsInUse[tag] = (kind, groups - 1);
        }
    }

    /// <summary>Ends a tag in a group, and wherever else calls wait under it: with the wrong group in play, their peers may never
    /// come. Called under the lock.</summary>
    internal void Kill(CollectiveTag tag, LocalGroup group, Func<Exception> error)
    {
        group.Kill(tag, error);
        foreach (var other in _groups)
        {
            if (other.IsWaiting(tag))
            {
                other.Kill(tag, error);
            }
        }
    }
}
