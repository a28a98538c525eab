namespace AkkaCp.Engine.Generation;

/// <summary>A request that was taken over: checked, rendered and encoded, once, whichever door it came in by.</summary>
/// <param name="Request">The engine's own copy.</param>
/// <param name="Prompt">Its prompt.</param>
internal sealed record AcceptedRequest(GenerationRequest Request, EncodedPrompt Prompt)
{
    /// <summary>Where its answer begins.</summary>
    public AnswerStart Start => Request.Messages is null ? AnswerStart.Text
        : Prompt.OpensReasoning ? AnswerStart.Reasoning
        : AnswerStart.Chat;

    /// <summary>The request of one of its choices: what a request with <c>n</c> = 1 and the next seed is.</summary>
    /// <param name="choice">Its number, from 0.</param>
    /// <param name="seed">The first choice's seed.</param>
    public AcceptedRequest Choice(int choice, ulong seed) => this with
    {
        Request = Request with { N = 1, Sampling = Request.Sampling with { Seed = unchecked(seed + (ulong)choice) } },
    };
}
