using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine;

/// <summary>Counts and times of a request that ended.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CompletionTokens">Tokens generated, an end token included.</param>
/// <param name="Layout">How the prompt lay on the ranks.</param>
/// <param name="TimeToFirstToken">From the request to its first token, waiting included; null where there was none.</param>
/// <param name="PrefillTokensPerSecond">Prompt tokens through the time to the first token; null where there was none.</param>
/// <param name="DecodeTokensPerSecond">Later tokens through the time between first and last; null with fewer than two.</param>
public sealed record GenerationSummary(
    int PromptTokens, int CompletionTokens, PrefillPlacement Layout, TimeSpan? TimeToFirstToken,
    double? PrefillTokensPerSecond, double? DecodeTokensPerSecond);
