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
