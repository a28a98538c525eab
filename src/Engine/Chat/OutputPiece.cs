using System.Text.Json.Nodes;

namespace AkkaCp.Engine.Chat;

/// <summary>What a piece of an answer is.</summary>
internal enum OutputKind
{
    /// <summary>The answer.</summary>
    Text,

    /// <summary>Inside <c>&lt;think&gt;</c>.</summary>
    Reasoning,

    /// <summary>A call.</summary>
    ToolCall,
}

/// <summary>A piece of an answer.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The piece; of calls as the model wrote them, the first of a block has all of it.</param>
/// <param name="Call">The call, if it is one.</param>
internal readonly record struct OutputPiece(OutputKind Kind, string Text, ToolCall? Call = null);

/// <summary>A call that a model wrote.</summary>
/// <param name="Name">The function's name, which need not be one that was offered.</param>
/// <param name="Arguments">The arguments by name.</param>
internal sealed record ToolCall(string Name, JsonObject Arguments);
