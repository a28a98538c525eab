namespace AkkaCp.Model.Sampling;

/// <summary>
/// Chooses a token from one row of logits. The chain is Hugging Face's:
/// <code>
/// 1 logit bias            l += bias
/// 2 repetition penalty    l = l &gt; 0 ? l / r : l · r        tokens of prompt and output
/// 3 frequency, presence   l −= f · count + p              tokens of the output
/// 4 temperature           w = exp((l − max) / T)          T = 0: the largest logit, lowest id among equals
/// 5 top-k                 the k largest
/// 6 top-p                 the fewest, largest first, with Σw ≥ p · Σw(after 5)
/// 7 min-p                 w ≥ min_p · max w
/// 8 draw                  by w with the number of (seed, position)
/// </code>
/// The result is a pure function of the arguments: a sampler keeps work space only. It serves any number of requests, but one at a
/// time. Weights are double; nothing is allocated per token but the result (and the bias's enumerator where there is one).
/// </summary>
public sealed class Sampler
{
    private readonly float[] _adjusted;
    private readonly Candidate[] _candidates;

    /// <summary>A sampler with work space for one row of logits.</summary>
    /// <param name="vocabSize">Number of logits in a row.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vocabSize"/> is not positive.</exception>
    public Sampler(int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        _adjusted = new float[vocabSize];
        _candidates = new Candidate[vocabSize];
    }

    /// <summary>Number of logits in a row.</summary>
    public int VocabSize => _adjusted.Length;

    /// <summary>Chooses the token at <paramref name="position"/>.</summary>
    /// <param name="logits">[V] of the row before it; −∞ masks a token.</param>
    /// <param name="options">Valid for this vocabulary: <see cref="SamplingOptions.Problems"/> is empty.</param>
    /// <param name="position">The chosen token's absolute position in its sequence,
    /// so that a resumed request draws the same number.</param>
    /// <param name="history">The request's prompt and output so far; not changed.</param>
    /// <exception cref="ArgumentException"><paramref name="logits"/> has not <see cref="VocabSize"/> numbers.</exception>
    /// <exception cref="NonFiniteLogitsException">A logit is NaN or +∞, or all are −∞.</exception>
    public SampledToken Sample(ReadOnlySpan<float> logits, SamplingOptions options, long position, TokenCounts history)
    {
        if (logits.Length != VocabSize)
            throw new ArgumentException($"Sampler, logits: expected {VocabSize} numbers, found {logits.Length}.", nameof(logits));

        var best = ArgMax(logits);
        var row = logits;
        if (options.AdjustsLogits)
        {
            logits.CopyTo(_adjusted);
            LogitAdjustment.ApplyInPlace(_adjusted, options, history);
            row = _adjusted;
            best = ArgMax(row);
        }

        var id = options.Temperature == 0 ? best : Draw(row, row[best], options, position);
        return options.Logprobs ? WithLogprobs(logits, id, options.TopLogprobs) : new SampledToken(id, float.NaN, []);
    }

    private static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            if (!(logits[id] < float.PositiveInfinity))
                throw new NonFiniteLogitsException(id, logits[id]);
            if (logits[id] > logits[best])
                best = id;
        }

        return float.IsNegativeInfinity(logits[best]) ? throw new NonFiniteLogitsException(logits.Length) : best;
    }

    private int Draw(ReadOnlySpan<float> row, float max, SamplingOptions options, long position)
    {
        var kept = KeepTopK(row, options.TopK);
        Weigh(kept, max, options.Temperature);
        if (options.TopP < 1)
            kept = KeepTopP(kept, options.TopP);
        kept = KeepMinP(kept, options.MinP);
        return Pick(kept, CounterRandom.NextUnit(options.Seed, position));
    }

    private Span<Candidate> KeepTopK(ReadOnlySpan<float> row, int k)
    {
        if (k > 0 && k < row.Length)
        {
            var selected = _candidates.AsSpan(0, k);
            CandidateHeap.SelectFirst(row, selected);
            return selected;
        }

        for (var id = 0; id < row.Length; id++)
            _candidates[id] = new Candidate(id, row[id]);
        return _candidates;
    }

    /// <remarks>The maximum is subtracted in double before the division: a tiny temperature underflows to 0, never to NaN.</remarks>
    private static void Weigh(Span<Candidate> candidates, float max, float temperature)
    {
        foreach (ref var candidate in candidates)
            candidate = candidate with { Weight = Math.Exp(((double)candidate.Logit - max) / temperature) };
    }

    private static Span<Candidate> KeepTopP(Span<Candidate> candidates, double topP)
    {
        var enough = topP * Sum(candidates);
        CandidateHeap.HeapifyBestOnTop(candidates);
        var heap = candidates;
        for (var sum = 0.0; sum < enough && heap.Length > 0; heap = heap[..^1])
        {
            CandidateHeap.MoveBestToEnd(heap);
            sum += heap[^1].Weight;
        }

        return candidates[heap.Length..];
    }

    private static Span<Candidate> KeepMinP(Span<Candidate> candidates, double minP)
    {
        var count = 0;
        foreach (var candidate in candidates)
        {
            // The largest weight is exactly 1, so the ratio to it is the weight itself.
            if (candidate.Weight >= minP)
                candidates[count++] = candidate;
        }

        return candidates[..count];
    }

    private static int Pick(ReadOnlySpan<Candidate> candidates, double unit)
    {
        var left = unit * Sum(candidates);
        var last = -1;
        foreach (var candidate in candidates)
        {
            if (candidate.Weight == 0)
                continue;
            last = candidate.Id;
            left -= candidate.Weight;
            if (left < 0)
                break;
        }

        // Rounding can leave a trace after the last one; then the last possible token is the right one.
        return last;
    }

    private static double Sum(ReadOnlySpan<Candidate> candidates)
    {
        var sum = 0.0;
        foreach (var candidate in candidates)
            sum += candidate.Weight;
        return sum;
    }

    private SampledToken WithLogprobs(ReadOnlySpan<float> logits, int id, int count)
    {
        var lse = LogSumExp(logits);
        var selected = _candidates.AsSpan(0, Math.Min(count, logits.Length));
        CandidateHeap.SelectFirst(logits, selected);
        var top = new TokenLogprob[selected.Length];
        for (var i = 0; i < top.Length; i++)
            top[i] = new TokenLogprob(selected[i].Id, (float)(selected[i].Logit - lse));
        return new SampledToken(id, (float)(logits[id] - lse), top);
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double max = logits[ArgMax(logits)];
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - max);
        return max + Math.Log(sum);
    }
}
