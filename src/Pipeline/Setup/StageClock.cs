using System.Runtime.CompilerServices;

namespace AkkaCp.Pipeline;

/// <summary>
/// Measures where one rank's thread spends its time, stage by stage. Given to a rank by <see cref="RankSetup.Clock"/>; without one
/// nothing is measured and nothing is paid. Written on the rank's own thread; reset it only while no step is inside. Read at other times it
/// lacks what is under way.
/// </summary>
/// <param name="time">The clock; the system's when null.</param>
public sealed class StageClock(TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<string, StageTime> _stages = [];
    private StageTime? _current;
    private long _since;
    private long _busy;
    private int _waiting;
    private long _seen;
    private long _busySeen;
    private long _exposed;

    /// <summary>Every stage of the pipeline, in the order of the data's way.</summary>
    public IReadOnlyCollection<StageTime> Stages => _stages.Values;

    /// <summary>Rows that the rank's experts computed, those of several experts several times.</summary>
    public long ExpertRows { get; private set; }

    /// <summary>Rows that they had computed if each had been as busy as the busiest of its layer and step.</summary>
    public long BusiestExpertRows { get; private set; }

    /// <summary>Forgets all times.</summary>
    public void Reset()
    {
        (ExpertRows, BusiestExpertRows) = (0, 0);
        foreach (var stage in _stages.Values)
            stage.Reset();
    }

    /// <summary>The account of a stage; all layers share one.</summary>
    internal StageTime Of(string stage)
    {
        if (!_stages.TryGetValue(stage, out var account))
            _stages.Add(stage, account = new StageTime(stage));

        return account;
    }

    /// <summary>Experts compute.</summary>
    /// <param name="groupList">Cumulative rows by expert.</param>
    internal void Experts(ReadOnlySpan<int> groupList)
    {
        var (busiest, before) = (0, 0);
        foreach (var rows in groupList)
            (busiest, before) = (Math.Max(busiest, rows - before), rows);
        ExpertRows += before;
        BusiestExpertRows += (long)busiest * groupList.Length;
    }

    /// <summary>The thread begins to compute for a stage.</summary>
    internal void Enter(StageTime stage)
    {
        _current = stage;
        _since = _time.GetTimestamp();
    }

    /// <summary>The thread has computed for the stage that it entered.</summary>
    internal void Leave()
    {
        if (_current is { } stage)
        {
            var computed = _time.GetTimestamp() - _since;
            stage.Computed += _time.GetElapsedTime(0, computed);
            _busy += computed;
            _current = null;
        }
    }

    /// <summary>
    /// Leaves the stage until a transfer ends. What the thread computes for other steps meanwhile is hidden; the rest is exposed, and
    /// counts once however many steps wait together.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask WaitAsync(ValueTask transfer)
    {
        var stage = _current;
        Leave();
        var start = Idle();
        _waiting++;
        try
        {
            await transfer;
        }
        finally
        {
            var end = Idle();
            _waiting--;
            if (stage is not null)
            {
                stage.Waited += _time.GetElapsedTime(start, end);
                stage.Exposed += _time.GetElapsedTime(0, _exposed);
                Enter(stage);
            }

            _exposed = 0;
        }
    }

    /// <summary>Adds what the thread idled since the last beginning or end of a wait, if a step waited; the time now.</summary>
    private long Idle()
    {
        var now = _time.GetTimestamp();
        if (_waiting > 0)
            _exposed += Math.Max(0, now - _seen - (_busy - _busySeen));

        (_seen, _busySeen) = (now, _busy);
        return now;
    }
}

/// <summary>What one stage of one rank took, all its layers and steps together; see <see cref="StageClock"/>.</summary>
public sealed class StageTime
{
    internal StageTime(string name) => Name = name;

    /// <summary>The stage.</summary>
    public string Name { get; }

    /// <summary>Time that the rank's thread computed for it, moving rows for a collective included.</summary>
    public TimeSpan Computed { get; internal set; }

    /// <summary>Time from the beginning of a wait for other ranks to its end.</summary>
    public TimeSpan Waited { get; internal set; }

    /// <summary>The part of <see cref="Waited"/> in which the rank's thread computed nothing else.</summary>
    public TimeSpan Exposed { get; internal set; }

    internal void Reset() => (Computed, Waited, Exposed) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{Name}: {Computed.TotalMilliseconds:F3} ms, {Exposed.TotalMilliseconds:F3} ms exposed");
}
