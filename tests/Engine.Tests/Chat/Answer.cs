using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Chat;

namespace AkkaCp.Engine.Tests.Chat;

/// <summary>An answer as the parser divides it when it comes in pieces of some lengths.</summary>
internal static class Answer
{
    /// <summary>A reader of calls of some tools, given as a JSON list of functions: a name, and parameters where it has any.</summary>
    public static CallReader Reader(bool readsXml, string tools = "[]") =>
        new(new OfferedTools([.. JsonDocument.Parse(tools).RootElement.EnumerateArray()]), readsXml);

    /// <summary>The pieces, those of one kind that follow each other joined.</summary>
    public static List<OutputPiece> Parse(string text, bool opensReasoning, CallReader? calls, params int[] lengths) =>
        Parse(new OutputParser(opensReasoning, calls), text, lengths);

    /// <summary>The same where calls are told as they are written, in a line; <c>…</c> where the answer ends in a call.</summary>
    public static string Tell(string text, bool opensReasoning, CallReader? calls, params int[] lengths)
    {
        var parser = new OutputParser(opensReasoning, calls, tellsCallsEarly: true);
        var pieces = Parse(parser, text, lengths);
        return Show(pieces) + (parser.EndsInCall ? "…" : "");
    }

    /// <summary>The same as pieces.</summary>
    public static List<OutputPiece> Read(string text, bool opensReasoning, CallReader? calls, params int[] lengths) =>
        Parse(new OutputParser(opensReasoning, calls, tellsCallsEarly: true), text, lengths);

    private static List<OutputPiece> Parse(OutputParser parser, string text, int[] lengths)
    {
        var pieces = new List<OutputPiece>();
        for (var (at, i) = (0, 0); at < text.Length; i++)
        {
            var length = Math.Min(lengths.Length == 0 ? text.Length : lengths[i % lengths.Length], text.Length - at);
            Append(parser.Push(text.Substring(at, length)));
            at += length;
        }

        Append(parser.Flush());
        return pieces;

        void Append(IReadOnlyList<OutputPiece> more)
        {
            foreach (var piece in more)
            {
                if (piece is { Call: null, Begins: null } && pieces is [.., var last] && last.Kind == piece.Kind)
                    pieces[^1] = last with { Text = last.Text + piece.Text };
                else
                    pieces.Add(piece);
            }
        }
    }

    /// <summary>Pieces in a line: <c>R:</c> reasoning, <c>T:</c> text, <c>C:</c> a call as <c>name{arguments}</c>.</summary>
    public static string Show(IEnumerable<OutputPiece> pieces) => string.Join('|', pieces.Select(piece => piece switch
    {
        { Call: { } call } => $"C:{call.Name}{Show(call.Arguments)}",
        { Begins: { } name } => $"C:{name}{piece.Text}",
        { Kind: OutputKind.Reasoning } => $"R:{piece.Text}",
        _ => $"T:{piece.Text}",
    }));

    /// <summary>JSON without escapes, so that a test's expectation can be read.</summary>
    public static string Show(JsonNode? node) => node?.ToJsonString(s_plain) ?? "null";

    private static readonly JsonSerializerOptions s_plain =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
