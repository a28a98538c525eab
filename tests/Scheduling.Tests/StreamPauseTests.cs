using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// How long streams pause while a long prompt is computed and short ones come all the time, on a machine that reads its weights in 0.18 s
/// and computes 500 tokens a second where that is not what it waits for: four layers of Qwen3-30B-A3B on two cores. No step takes just
/// what it should: up to 10 % more or less.
/// </summary>
public class StreamPauseTests
{
    private const double Target = 0.5;
    private const double TimeBetweenShorts = 0.7;
    private const double Soon = 0.02;

    private readonly Random _random = new(3);
    private readonly Dictionary<long, double> _times = [];
    private readonly Dictionary<Guid, (int Tokens, double At)> _streams = [];
    private readonly SchedulerDriver _driver = new(
        new StepLimits { StepTarget = TimeSpan.FromSeconds(Target), StepsInFlight = 2 }, world: 1, cp: 1, kvBlocks: 10_000);
    private double _now;
    private double _longest;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void StreamsBesideALongPrompt_PauseForOneAndAHalfTargetsAtMost(bool stepsEndTogether)
    {
        for (var stream = 0; stream < 4; stream++)
            _streams[_driver.Submit(100, 5000, salt: stream)] = (0, 0);
        for (var i = 0; i < 20; i++)
            EndSteps(stepsEndTogether);
        _longest = 0;

        var prompt = _driver.Submit(16_384, 1, salt: 7);
        for (var shorts = 0; _driver.TextOf(prompt).Count == 0; EndSteps(stepsEndTogether))
        {
            if (_now < shorts * TimeBetweenShorts)
                continue;
            _driver.Submit(100, 1, tokens: [.. Enumerable.Range(0, 100).Select(_ => _random.Next(1, FakeModel.VocabSize))]);
            shorts++;
        }

        Assert.InRange(_longest, Target, 1.5 * Target);
    }

    private void EndSteps(bool together)
    {
        var inside = _driver.Plans[^_driver.Inside..];
        if (!together || inside.Count < 2)
        {
            EndStep(TimeOf(inside[0]));
            return;
        }

        EndStep(inside.Sum(TimeOf) - Soon);
        EndStep(Soon);
    }

    private void EndStep(double time)
    {
        _now += time;
        _driver.EndStep(results =>
            [.. results.Select(result => result with { Stats = result.Stats with { Elapsed = TimeSpan.FromSeconds(time) } })]);
        foreach (var (id, (tokens, at)) in _streams.ToList())
        {
            if (_driver.TextOf(id).Count is var count && count == tokens)
                continue;
            _longest = Math.Max(_longest, _now - at);
            _streams[id] = (count, _now);
        }
    }

    private double TimeOf(StepPlan plan)
    {
        if (_times.TryGetValue(plan.Step, out var known))
            return known;
        var tokens = plan.Requests.Sum(share => share.Tokens.Length);
        var attention = plan.Requests.Sum(share => share.Tokens.Length * (share.Prefix + (share.Tokens.Length / 2.0)) / 5.5e6);
        var time = Math.Max((plan.Requests.All(share => share.IsDecode) ? 0.07 : 0.18) + (tokens / 1400.0), tokens / 500.0) + attention;
        return _times[plan.Step] = time * (0.9 + (0.2 * _random.NextDouble()));
    }
}
