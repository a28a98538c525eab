using System.Collections.Immutable;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Writes plans the way a coordinator does, one test decision at a time: requests, their lengths so far, and KV blocks.</summary>
internal sealed class PlanScript(int cpSize, int blockSize, CpPolicySettings policy)
{
    /// <summary>Of every plan.</summary>
    public const long Epoch = 1;

    private readonly Dictionary<long, (int Length, List<int> Blocks)> _requests = [];
    private readonly Stack<int> _freed = new();
    private readonly List<long> _released = [];
    private int _nextBlock = 1;
    private long _step;

    /// <summary>A share of the next step: tokens of a request, new or known. The prompt is the first share unless its length is given:
    /// longer for one that comes in chunks, shorter for a request that is resumed with tokens it gave out before.</summary>
    public sealed record Share(
        long Request, ImmutableArray<int> Tokens, bool IsDecode = false, bool Sample = false, bool AllLogits = false,
        SamplingOptions? Sampling = null, int? PromptLength = null);

    public StepPlan Next(params IReadOnlyList<Share> shares)
    {
        var lengths = shares.Select(s => new RequestLength(s.Tokens.Length, LengthOf(s.Request), s.IsDecode)).ToArray();
        var placements = CpPolicy.Assign(lengths, cpSize, policy);
        var requests = ImmutableArray.CreateBuilder<StepRequest>();
        for (var i = 0; i < shares.Count; i++)
            requests.Add(Take(shares[i], placements[i]));

        var plan = new StepPlan(Epoch, ++_step, requests.ToImmutable(), [.. _released]);
        _released.Clear();
        return plan;
    }

    /// <summary>Frees the request's blocks at once, for reuse by the next plan, and has the next plan say so.</summary>
    public void Release(long request)
    {
        foreach (var block in _requests[request].Blocks)
            _freed.Push(block);

        _requests.Remove(request);
        _released.Add(request);
    }

    private int LengthOf(long request) => _requests.TryGetValue(request, out var known) ? known.Length : 0;

    private StepRequest Take(Share share, CpPlacement placement)
    {
        var isNew = !_requests.TryGetValue(share.Request, out var known);
        if (isNew)
            known = (0, []);

        var (prefix, blocks) = known;
        var length = prefix + share.Tokens.Length;
        var added = ImmutableArray.CreateBuilder<int>();
        while (blocks.Count * blockSize < length)
        {
            // Freed blocks come back in reverse order: block tables are not contiguous.
            blocks.Add(_freed.TryPop(out var freed) ? freed : _nextBlock++);
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
            Start = isNew
                ? new SequenceStart(share.PromptLength ?? share.Tokens.Length, share.Sampling ?? SamplingOptions.Greedy, share.AllLogits)
                : null,
            Sample = share.Sample,
        };
    }
}
