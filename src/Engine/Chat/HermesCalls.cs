using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Hermes calls: <c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>. A call ends where its object ends, so that a
/// closing tag inside a string is part of the string, and a closing tag that is missing at the end or before the next call is no loss.
/// Arguments may come as a text that holds JSON, which some models write; null, "" and none are no arguments.
/// </summary>
internal static partial class HermesCalls
{
    private const int FirstMeasure = 1024;
    private const string Space = @"[ \t\r\n]*"; // JSON's.

    private static readonly SearchValues<string> s_ends =
        SearchValues.Create([AnswerTags.CallClose, AnswerTags.CallOpen], StringComparison.Ordinal);

    /// <summary>Reads a call.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">The object's brace in it.</param>
    /// <param name="isWhole">Whether no more text comes.</param>
    public static CallReading Read(string text, int start, bool isWhole)
    {
        if (!TryMeasure(text.AsSpan(start), isWhole, out var length))
            return CallReading.None;
        if (length == 0)
            return CallReading.More(s_ends);

        var scan = new TagScanner(text, start + length, isWhole);
        scan.SkipSpace();
        var ends = scan.Take(AnswerTags.CallClose) || scan.Is(AnswerTags.CallOpen) || (isWhole && scan.AtEnd);
        if (scan.RanShort)
            return CallReading.More();
        return ends && ToCall(text.Substring(start, length)) is { } call ? CallReading.Found([call], scan.At) : CallReading.None;
    }

    /// <summary>What is certain of a call whose name comes first, and then its arguments in an object.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">The object's brace in it.</param>
    public static BegunCalls Follow(string text, int start)
    {
        if (Beginning().Match(text, start) is not { Success: true } beginning
            || !WellFormedJson.TryParse(beginning.Groups["name"].Value, out var node) || TextOf(node) is not { Length: > 0 } name)
        {
            return BegunCalls.None;
        }

        var arguments = WrittenObject.Read(text, beginning.Index + beginning.Length);
        return new BegunCalls([new WrittenCall(name, arguments.Text)], arguments.End, arguments.IsMalformed);
    }

    /// <summary>Finds an object's length, 0 while it is not complete; false for what is no JSON object.</summary>
    private static bool TryMeasure(ReadOnlySpan<char> text, bool isWhole, out int length)
    {
        // A beginning first: what is no object shows it soon, and a long answer may be full of such.
        for (var size = FirstMeasure; size < text.Length; size *= 4)
        {
            if (!TryMeasurePart(text[..size], isWhole: false, out length))
                return false;
            if (length > 0)
                return true;
        }

        return TryMeasurePart(text, isWhole, out length);
    }

    private static bool TryMeasurePart(ReadOnlySpan<char> text, bool isWhole, out int length)
    {
        length = 0;
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        var options = new JsonReaderOptions { AllowTrailingCommas = true, MaxDepth = WellFormedJson.MaxDepth };
        var reader = new Utf8JsonReader(utf8, isWhole, new JsonReaderState(options));
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth > 0)
                    continue;
                length = Encoding.UTF8.GetCharCount(utf8.AsSpan(0, (int)reader.BytesConsumed));
                return true;
            }

            return !isWhole;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ToolCall? ToCall(string json)
    {
        if (!WellFormedJson.TryParse(json, out var node) || node is not JsonObject body || TextOf(body["name"]) is not { Length: > 0 } name)
            return null;
        return Arguments(body["arguments"] ?? body["parameters"]) is { } arguments
            ? new ToolCall(name, arguments, Written(json) ?? new WrittenCall(name, ToolCallJson.Text(arguments)))
            : null;
    }

    // The same text as it has where it is followed.
    private static WrittenCall? Written(string json) =>
        Follow(json, 0) is { Calls: [var call], IsMalformed: false } ? call with { Arguments = call.Arguments + '}' } : null;

    private static JsonObject? Arguments(JsonNode? node)
    {
        if (TextOf(node) is { } text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return [];
            if (!WellFormedJson.TryParse(text, out node))
                return null;
        }

        return node switch
        {
            null => [],
            JsonObject arguments => (JsonObject)arguments.DeepClone(),
            _ => null,
        };
    }

    private static string? TextOf(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    [GeneratedRegex(
        @"\G\{" + Space + @"""name""" + Space + ":" + Space + @"(?<name>""(?:[^""\\]|\\.)*"")" + Space + "," + Space
            + @"""arguments""" + Space + ":" + Space + @"(?=\{)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Beginning();
}
