using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Options that the engine has no way to honour.</summary>
internal static class UnsupportedOptions
{
    /// <summary>Throws for the first of them.</summary>
    /// <exception cref="NotSupportedException">Its name, and what is expected.</exception>
    public static void Refuse(ChatOptions options)
    {
        if (options.ResponseFormat is not (null or ChatResponseFormatText))
            throw new NotSupportedException("ResponseFormat: expected text, found json; output is not constrained to a grammar yet");
        if (options.ToolMode is not (null or AutoChatToolMode or NoneChatToolMode))
        {
            throw new NotSupportedException(
                "ToolMode: expected auto or none, found required; output is not constrained to a grammar yet");
        }

        if (options.AllowMultipleToolCalls is false)
            throw new NotSupportedException("AllowMultipleToolCalls: expected true, found false; a model makes as many calls as it likes");
        if (options.ConversationId is not null)
            throw new NotSupportedException("ConversationId: the engine keeps no conversations; send all messages each time");
        if (options.ContinuationToken is not null)
            throw new NotSupportedException("ContinuationToken: the engine answers in the foreground and gives no such tokens");
        if (options.Reasoning?.Output is not (null or ReasoningOutput.None or ReasoningOutput.Full))
        {
            throw new NotSupportedException(
                $"Reasoning.Output: expected {nameof(ReasoningOutput.None)} or {nameof(ReasoningOutput.Full)}, "
                    + $"found {options.Reasoning?.Output}");
        }
    }

    /// <summary>Throws where another model than the engine's is asked for.</summary>
    /// <exception cref="NotSupportedException">The models' names.</exception>
    public static void RefuseOtherModel(ChatOptions? options, string model)
    {
        if (options?.ModelId is { } asked && asked != model)
            throw new NotSupportedException($"ModelId: expected {model}, the model of this engine, found {Prompting.Shown.Start(asked)}");
    }
}
