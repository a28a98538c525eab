using AkkaCp.Scheduling.Requests;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>How much a model is to think, in the words of chat templates.</summary>
internal static class ReasoningEfforts
{
    /// <summary>The template's variable for the effort; templates that have only a switch leave it.</summary>
    public const string Variable = "reasoning_effort";

    /// <summary>Whether thinking is switched on; null where nothing is said.</summary>
    public static bool? EnablesThinking(ReasoningOptions? reasoning) =>
        reasoning?.Effort is { } effort ? effort != ReasoningEffort.None : null;

    /// <summary>The value of <see cref="Variable"/>; null where it has none.</summary>
    /// <exception cref="GenerationException">Invalid: no such effort.</exception>
    public static string? NameOf(ReasoningOptions? reasoning) => reasoning?.Effort switch
    {
        null or ReasoningEffort.None => null,
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        var other => throw new GenerationException(
            FailureKind.Invalid, $"reasoning.effort must be one of {string.Join(", ", Enum.GetNames<ReasoningEffort>())}, found {other}"),
    };
}
