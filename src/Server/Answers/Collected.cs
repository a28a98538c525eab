using System.Text;
using AkkaCp.Engine;
using AkkaCp.Engine.Chat;

namespace AkkaCp.Server.Answers;

/// <summary>One choice of a whole answer, as far as it has come.</summary>
internal sealed class Collected
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<(string Name, StringBuilder Arguments)> _calls = [];
    private readonly List<TokenProbability> _tokens = [];

    /// <summary>The answer.</summary>
    public string Text => _text.ToString();

    /// <summary>The thoughts; null where there are none.</summary>
    public string? Reasoning => _reasoning.Length > 0 ? _reasoning.ToString() : null;

    /// <summary>The calls.</summary>
    public IReadOnlyList<WrittenCall> Calls => [.. _calls.Select(call => new WrittenCall(call.Name, call.Arguments.ToString()))];

    /// <summary>The tokens, where log-probabilities were asked for.</summary>
    public IReadOnlyList<TokenProbability> Tokens => _tokens;

    /// <summary>Why it ended.</summary>
    public string FinishReason { get; private set; } = "";

    /// <summary>Counts, when it has ended.</summary>
    public GenerationSummary? Summary { get; private set; }

    /// <summary>Takes an event.</summary>
    public void Take(in AnswerEvent next)
    {
        foreach (var piece in next.Pieces)
        {
            if (piece.Begins is { } name)
                _calls.Add((name, new StringBuilder(piece.Text)));
            else if (piece.Kind is OutputKind.ToolCall)
                _calls[^1].Arguments.Append(piece.Text);
            else
                (piece.Kind is OutputKind.Reasoning ? _reasoning : _text).Append(piece.Text);
        }

        if (next.Token is { } token)
            _tokens.Add(token);
        (FinishReason, Summary) = (next.FinishReason ?? FinishReason, next.Chunk.Summary ?? Summary);
    }
}
