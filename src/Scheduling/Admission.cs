using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>Judges a request before any rank works for it.</summary>
internal static class Admission
{
    /// <summary>Why the request cannot run, with all reasons of the first kind that applies; null when it can. An answer that has grown
    /// beyond a pool, where a smaller one has taken the place of that which it was begun in, is complete.</summary>
    /// <param name="submit">The request.</param>
    /// <param name="limits">What it is judged by.</param>
    /// <param name="answered">Tokens that were sampled for it here.</param>
    public static GenerationProtocol.IReply? Judge(GenerationProtocol.Submit submit, SchedulerLimits limits, int answered = 0)
    {
        var problems = Problems(submit, limits).ToList();
        if (problems.Count > 0)
            return new GenerationProtocol.Failed(submit.RequestId, FailureKind.Invalid, string.Join("; ", problems));
        var known = submit.Tokens.Length + answered;
        if (submit.Tokens.Length > limits.ContextLength)
            return TooLong(submit, $"the model's context of {limits.ContextLength} tokens");
        if (known <= limits.PoolTokens)
            return null;
        return known > submit.PromptLength
            ? new GenerationProtocol.Completed(submit.RequestId, CompletionReason.Length, PrefillPlacement.None)
            : TooLong(submit, $"the KV pool of {limits.PoolTokens} tokens");
    }

    /// <summary>Tokens that a request may have in all. The last one sampled needs no KV: it is never run.</summary>
    public static int TokenLimit(GenerationProtocol.Submit submit, SchedulerLimits limits) => (int)Math.Min(
        Math.Min((long)submit.Tokens.Length + submit.MaxNewTokens, limits.ContextLength), limits.PoolTokens + 1);

    /// <summary>KV blocks that a request is promised when it is admitted again.</summary>
    public static int BlocksAtFirst(this SchedulerState state, RequestState request) =>
        BlocksAtFirst(request.Known, request.TokenLimit, state.Limits);

    /// <summary>KV blocks that an admitted request is promised: for what it has, and for the tokens ahead as many as these fill, but no
    /// more than its worst case, which is all tokens but a sampled last one.</summary>
    /// <param name="known">Tokens that it has.</param>
    /// <param name="tokenLimit">Tokens that it may have.</param>
    /// <param name="limits">Size of a block.</param>
    public static int BlocksAtFirst(int known, int tokenLimit, SchedulerLimits limits)
    {
        var least = limits.BlocksFor(known);
        var ahead = (int)(((long)known + limits.TokensAhead) / limits.BlockSizeTokens);
        return Math.Clamp(ahead, least, Math.Max(least, limits.BlocksFor(tokenLimit - 1)));
    }

    private static IEnumerable<string> Problems(GenerationProtocol.Submit submit, SchedulerLimits limits)
    {
        if (submit.Tokens.IsDefaultOrEmpty)
        {
            yield return "prompt: expected at least 1 token, found none";
            yield break;
        }

        if (submit.PromptLength < 1 || submit.PromptLength > submit.Tokens.Length)
            yield return $"prompt length: expected 1 to {submit.Tokens.Length}, found {submit.PromptLength}";
        if (submit.MaxNewTokens < 0)
            yield return $"max new tokens: expected at least 0, found {submit.MaxNewTokens}";
        if (submit.StopTokens.IsDefault)
            yield return "stop tokens: expected a list, found none";
        for (var i = 0; i < submit.Tokens.Length; i++)
        {
            if ((uint)submit.Tokens[i] >= (uint)limits.VocabSize)
            {
                yield return $"token {i}: expected an id from 0 to {limits.VocabSize - 1}, found {submit.Tokens[i]}";
                break;
            }
        }

        foreach (var problem in submit.Sampling.Problems(limits.VocabSize))
            yield return problem;
    }

    private static GenerationProtocol.Failed TooLong(GenerationProtocol.Submit submit, string limit) => new(
        submit.RequestId, FailureKind.ContextLengthExceeded, $"prompt: expected at most {limit}, found {submit.Tokens.Length}");
}
