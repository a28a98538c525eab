using System.Collections.Immutable;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Cli.Bench;

/// <summary>Writes the plans of a measurement as a coordinator would: prompts in chunks, then decode rows. Greedy.</summary>
/// <param name="cpSize">Context-parallel ranks.</param>
/// <param name="policy">How rows lie on them.</param>
internal sealed class BenchPlans(int cpSize, CpPolicySettings policy)
{
    /// <summary>Tokens of a KV block, as the engine's default.</summary>
    public const int BlockSize = 128;

    /// <summary>The one epoch of a measurement.</summary>
    public const long Epoch = 1;

    private readonly SortedDictionary<long, (int Length, List<int> Blocks)> _requests = [];
    private readonly Stack<int> _free = new();
    private readonly List<long> _released = [];
    private int _nextBlock = 1;
    private long _nextRequest = 1;
    private long _step;

    /// <summary>A prompt as plans of at most <paramref name="chunk"/> tokens each (0: one); the last one samples.</summary>
    /// <returns>The request's number, and its plans in order, to be sent in that order.</returns>
    public (long Request, IReadOnlyList<StepPlan> Plans) Prefill(int[] prompt, int chunk)
    {
        var request = _nextRequest++;
        _requests.Add(request, (0, []));
        var plans = new List<StepPlan>();
        for (var done = 0; done < prompt.Length;)
        {
            var count = chunk == 0 ? prompt.Length : Math.Min(chunk, prompt.Length - done);
            var start = done == 0 ? new SequenceStart(prompt.Length, SamplingOptions.Greedy) : null;
            plans.Add(Plan([new Share(request, [.. prompt.AsSpan(done, count)], false, start, done + count == prompt.Length)]));
            done += count;
        }

        return (request, plans);
    }

    /// <summary>One decode row of each request.</summary>
    /// <param name="last">Each request's last token.</param>
    public StepPlan Decode(IEnumerable<KeyValuePair<long, int>> last) =>
        Plan([.. last.Select(pair => new Share(pair.Key, [pair.Value], true, null, true))]);

    /// <summary>Ends a request: its blocks are free from the next plan on.</summary>
    public void Release(long request)
    {
        foreach (var block in _requests[request].Blocks)
            _free.Push(block);
        _requests.Remove(request);
        _released.Add(request);
    }

    private StepPlan Plan(IReadOnlyList<Share> shares)
    {
        var lengths = shares.Select(
            share => new RequestLength(share.Tokens.Length, _requests[share.Request].Length, share.IsDecode)).ToArray();
        var placements = CpPolicy.Assign(lengths, cpSize, policy);
        var plan = new StepPlan(Epoch, ++_step, [.. shares.Select((share, i) => Lay(share, placements[i]))], [.. _released]);
        _released.Clear();
        return plan;
    }

    private StepRequest Lay(Share share, CpPlacement placement)
    {
        var (prefix, blocks) = _requests[share.Request];
        var length = prefix + share.Tokens.Length;
        var added = ImmutableArray.CreateBuilder<int>();
        while ((long)blocks.Count * BlockSize < length)
        {
            blocks.Add(_free.TryPop(out var freed) ? freed : _nextBlock++);
            added.Add(blocks[^1]);
        }

        _requests[share.Request] = (length, blocks);
        return new StepRequest
        {
            SequenceId = share.Request,
            Prefix = prefix,
            Tokens = share.Tokens,
            IsDecode = share.IsDecode,
            Placement = placement,
            NewBlocks = added.ToImmutable(),
            Start = share.Start,
            Sample = share.Sample,
        };
    }

    private sealed record Share(long Request, ImmutableArray<int> Tokens, bool IsDecode, SequenceStart? Start, bool Sample);
}
