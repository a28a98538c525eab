using System.Diagnostics.Metrics;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Engine.Metrics;

/// <summary>What one rank of this process has done, through all its epochs.</summary>
/// <param name="rank">The rank.</param>
internal sealed class RankFigures(int rank)
{
    private readonly Lock _gate = new();
    private readonly KeyValuePair<string, object?> _rank = new("akkacp.rank", rank);
    private readonly Dictionary<string, (double Busy, double Idle)> _past = [];
    private StageClock _clock = new();
    private (long Rows, long Busiest) _experts;
    private (long Rows, long Bytes) _steps;
    private long _epoch;

    /// <summary>A pipeline is built: gives it its clock. The last one's may still have a stage that does not end.</summary>
    public StageClock Begin(long epoch)
    {
        lock (_gate)
        {
            foreach (var stage in _clock.Stages)
                _past[stage.Name] = Sum(stage);
            _experts = (_experts.Rows + _clock.ExpertRows, _experts.Busiest + _clock.BusiestExpertRows);
            (_epoch, _clock) = (epoch, new StageClock());
            return _clock;
        }
    }

    /// <summary>A step has ended.</summary>
    public void Took(StepStats step)
    {
        lock (_gate)
            _steps = (_steps.Rows + step.Rows, _steps.Bytes + step.KvBytesGathered);
    }

    /// <summary>Seconds of each stage, computed or idle.</summary>
    public List<Measurement<double>> Stages(bool idle)
    {
        lock (_gate)
        {
            return [.. _clock.Stages.Select(stage => new Measurement<double>(
                idle ? Sum(stage).Idle : Sum(stage).Busy, _rank, new("akkacp.stage", stage.Name)))];
        }
    }

    /// <summary>A number of the rank.</summary>
    public Measurement<long> Rank(RankNumber which)
    {
        lock (_gate)
        {
            return new Measurement<long>(which switch
            {
                RankNumber.Rows => _steps.Rows,
                RankNumber.KvBytesGathered => _steps.Bytes,
                RankNumber.ExpertRows => _experts.Rows + _clock.ExpertRows,
                RankNumber.BusiestExpertRows => _experts.Busiest + _clock.BusiestExpertRows,
                _ => _epoch,
            }, _rank);
        }
    }

    private (double Busy, double Idle) Sum(StageTime stage)
    {
        var (busy, idle) = _past.GetValueOrDefault(stage.Name);
        return (busy + stage.Computed.TotalSeconds, idle + stage.Exposed.TotalSeconds);
    }
}

/// <summary>Numbers of a rank.</summary>
internal enum RankNumber
{
    /// <summary>Rows that it computed.</summary>
    Rows,

    /// <summary>Bytes of K‖V that came from other ranks.</summary>
    KvBytesGathered,

    /// <summary>Rows that its experts computed.</summary>
    ExpertRows,

    /// <summary>Rows that they had computed if each had been as busy as the busiest of its layer and step.</summary>
    BusiestExpertRows,

    /// <summary>The group that it is in.</summary>
    Epoch,
}
