using AkkaCp.Engine;

namespace AkkaCp.Server.Answers;

/// <summary>What every surface asks for, in the engine's words; a surface only reads its body into it.</summary>
internal sealed record AnswerRequest
{
    /// <summary>What the engine is asked: one request, or one for each prompt of a batch, all alike else.</summary>
    public required IReadOnlyList<GenerationRequest> Generations { get; init; }

    /// <summary>Choices of all prompts together: those of the first come first.</summary>
    public int Choices => Generations.Count * Generations[0].N;

    /// <summary>Whether log-probabilities are asked for.</summary>
    public bool HasLogprobs => Generations[0].Sampling.Logprobs;

    /// <summary>The field that the prompt is in, for errors.</summary>
    public required string PromptField { get; init; }

    /// <summary>Whether to answer as server-sent events.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a stream's last chunk counts tokens.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Whether a stream tells how far the prompt is.</summary>
    public bool ReturnProgress { get; init; }
}
