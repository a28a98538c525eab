using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>
/// What is left of a step for prompts: of its rows, and of its time where somebody else decodes or waits. Cutting a chunk changes no bit.
/// </summary>
internal sealed class StepBudget
{
    // Smaller chunks would read all weights for next to nothing.
    private const int LeastChunk = 64;

    // Kernels compute rows in groups.
    private const int Whole = 16;

    private readonly SchedulerLimits _limits;
    private readonly bool _isTimed;
    private int _rows;
    private double _work;
    // Whether the ranks have a chunk to do: then one below the least need not be.
    private bool _hasChunk;

    /// <summary>Of a step behind its decode rows.</summary>
    public StepBudget(SchedulerState state, int decodeRows)
    {
        _limits = state.Limits;
        _rows = _limits.Steps.MaxStepTokens - decodeRows;
        if (_limits.Steps.StepTarget is not { } target || state.RunningCount + state.QueuedCount < 2)
            return;
        _isTimed = true;
        _work = Math.Max(LeastChunk, state.Pace.WorkIn(target));
        if (!state.Running.Values.Any(request => request is { HasEnded: false, PrefillLeft: 0 }))
            return;
        // The next token of a running answer waits for all steps inside: together they have what the target allows.
        var inside = state.InFlight.Values.Sum(step => PrefillPace.WorkOf(step.Plan, _limits));
        _work -= inside;
        _hasChunk = inside > 0;
    }

    /// <summary>Takes a prompt's next chunk.</summary>
    /// <returns>Its tokens; 0 when it has to wait for another step.</returns>
    public int Take(RequestState request)
    {
        var tokens = ChunkOf(request);
        if (tokens == 0)
            return 0;
        _rows = Math.Max(0, _rows - tokens);
        _work -= PrefillPace.WorkOf(tokens, request.Prefix, _limits);
        _hasChunk = true;
        return tokens;
    }

    /// <remarks>With chunks off a prompt is not cut: the first of a step may exceed the step's rows, a later one must fit.</remarks>
    private int ChunkOf(RequestState request)
    {
        var left = request.PrefillLeft;
        if (_limits.Steps.ChunkTokens == 0)
            return left <= _rows || !_hasChunk ? left : 0;
        var chunk = Math.Min(Math.Min(left, _limits.Steps.ChunkTokens), _rows);
        return _isTimed ? Math.Min(chunk, InTime(request, chunk)) : chunk;
    }

    private int InTime(RequestState request, int chunk)
    {
        var tokens = _work > 0 ? PrefillPace.TokensOf(_work, request.Prefix, _limits) : 0;
        if (tokens >= chunk)
            return chunk;
        if (tokens < LeastChunk)
            return _hasChunk ? 0 : LeastChunk;
        return tokens / Whole * Whole;
    }
}
