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
/// <param name="Text">The piece; of whole calls as the model wrote them, the first of a block has all of it; of calls that are told as they
/// are written, more of the arguments.</param>
/// <param name="Call">A whole call.</param>
/// <param name="Begins">The name of a call that begins here, and is told as it is written.</param>
internal readonly record struct OutputPiece(OutputKind Kind, string Text, ToolCall? Call = null, string? Begins = null);

/// <summary>A call that a model wrote.</summary>
/// <param name="Name">The function's name, which need not be one that was offered.</param>
/// <param name="Arguments">The arguments by name.</param>
/// <param name="Written">How it is told as it is written.</param>
internal sealed record ToolCall(string Name, JsonObject Arguments, WrittenCall Written);
