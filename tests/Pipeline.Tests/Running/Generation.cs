using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>A request that a test continues: its prompt, what it has given out, and where it is in the pipeline.</summary>
internal sealed class Generation(long request, int[] prompt, SamplingOptions sampling, params int[] resumedOutput)
{
    private readonly List<int> _output = [.. resumedOutput];
    private int _done;

    public long Request => request;

    public int[] Prompt => prompt;

    public SamplingOptions Sampling => sampling;

    public IReadOnlyList<int> Output => _output;

    /// <summary>Rows that have run: the last token given out has none yet.</summary>
    public int Rows => _done;

    /// <summary>How its decode rows lay on the CP ranks.</summary>
    public HashSet<PlacementKind> DecodePlacements { get; } = [];

    /// <summary>Runs the requests together until each has given out <paramref name="count"/> tokens: prompts, and what resumed requests
    /// gave out before, in chunks; then one decode row a step.</summary>
    /// <returns>The plans that ran.</returns>
    public static async Task<List<StepPlan>> RunAsync(RankWorld world, IReadOnlyList<Generation> requests, int chunk, int count)
    {
        var plans = new List<StepPlan>();
        while (requests.Any(request => request._output.Count < count))
        {
            var running = requests.Where(request => request._output.Count < count).ToList();
            var plan = world.Script.Next([.. running.Select(request => request.NextShare(chunk))]);
            plans.Add(plan);
            var results = await world.StepAsync(plan);
            RankWorld.RequireNoFault(results);
            foreach (var (request, share) in running.Zip(plan.Requests))
                request.Take(share, results);
        }

        return plans;
    }

    private PlanScript.Share NextShare(int chunk)
    {
        int[] known = [.. prompt, .. _output];
        var isDecode = _done >= prompt.Length + resumedOutput.Length;
        var tokens = isDecode || chunk == 0 ? known[_done..] : known[_done..Math.Min(known.Length, _done + chunk)];
        return new PlanScript.Share(
            request, [.. tokens], isDecode, Sample: _done + tokens.Length == known.Length, AllLogits: true, sampling, prompt.Length);
    }

    private void Take(StepRequest share, StepResult[] results)
    {
        _done += share.Tokens.Length;
        if (share.IsDecode)
            DecodePlacements.Add(share.Placement.Kind);

        var samples = results.SelectMany(result => result.Samples).Where(sample => sample.SequenceId == request).ToList();
        if (samples.Count != (share.Sample ? 1 : 0))
            throw new InvalidOperationException($"request {request}: {samples.Count} samples of {share}");

        _output.AddRange(samples.Select(sample => sample.Token?.Id ?? throw new InvalidOperationException($"{sample.Fault}")));
    }
}
