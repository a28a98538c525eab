using System.Text;
using AkkaCp.Engine;
using AkkaCp.Engine.Chat;

namespace AkkaCp.Server.Answers;

/// <summary>One choice of a whole answer, as far as it has come.</summary>
internal sealed class Collected
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<ToolCall> _calls = [];
    private readonly List<TokenProbability> _tokens = [];

    /// <summary>The answer.</summary>
    public string Text => _text.ToString();

    /// <summary>The thoughts; null where there are none.</summary>
    public string? Reasoning => _reasoning.Length > 0 ? _reasoning.ToString() : null;

    /// <summary>The calls.</summary>
    public IReadOnlyList<ToolCall> Calls => _calls;

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
            if (piece.Call is { } call)
                _calls.Add(call);
            else
                (piece.Kind is OutputKind.Reasoning ? _reasoning : _text).Append(piece.Text);
        }

        if (next.Token is { } token)
            _tokens.Add(token);
        (FinishReason, Summary) = (next.FinishReason ?? FinishReason, next.Chunk.Summary ?? Summary);
    }
}
