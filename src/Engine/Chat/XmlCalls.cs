using System.Buffers;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Qwen3-Coder's calls:
/// <code>
/// &lt;tool_call&gt;
/// &lt;function=NAME&gt;
/// &lt;parameter=KEY&gt;
/// VALUE
/// &lt;/parameter&gt;
/// &lt;/function&gt;
/// &lt;/tool_call&gt;
/// </code>
/// Nothing in it is escaped and the model drops tags, so a tag counts by what is around it. A value ends at a closing tag that another
/// part of the call follows; where that tag was dropped, at the next parameter that the tool has, or at the end of the function. What a
/// value holds of such a call, a file about them say, is counted in pairs. The function's and the call's closing tags may miss each,
/// not both; a call that the end of the answer cut off is none. Types come from the tool's schema.
/// </summary>
internal sealed class XmlCalls
{
    private static readonly SearchValues<string> s_ends =
        SearchValues.Create([AnswerTags.FunctionClose, AnswerTags.CallClose], StringComparison.Ordinal);

    private readonly OfferedTools _tools;
    private readonly string _text;
    private readonly TagScanner _scan;
    private readonly CallWriter _written = new();
    private int _told;

    private XmlCalls(OfferedTools tools, string text, int start, bool isWhole)
    {
        _tools = tools;
        _text = text;
        _scan = new TagScanner(text, start, isWhole);
    }

    /// <summary>Reads the functions of a call.</summary>
    /// <param name="tools">The tools of the request.</param>
    /// <param name="text">Any text.</param>
    /// <param name="start">The first function's tag in it.</param>
    /// <param name="isBare">Whether the opening tag was dropped: then only functions that were offered are calls.</param>
    /// <param name="isWhole">Whether no more text comes.</param>
    public static CallReading Read(OfferedTools tools, string text, int start, bool isBare, bool isWhole)
    {
        if (isWhole && !text.AsSpan(start).ContainsAny(s_ends))
            return CallReading.None;
        var reader = new XmlCalls(tools, text, start, isWhole);
        var calls = reader.ReadFunctions(isBare);
        // Behind whole calls any character tells whether another part follows.
        if (reader._scan.RanShort)
            return CallReading.More(calls is null ? s_ends : null);
        if (calls is null)
            return CallReading.None;
        var written = reader._written.End();
        return CallReading.Found(
            [.. calls.Select((call, index) => new ToolCall(call.Name, call.Arguments, written[index]))], reader._scan.At);
    }

    /// <summary>What is certain of the functions of a call, from the first parameter on.</summary>
    /// <param name="tools">The tools of the request.</param>
    /// <param name="text">Any text.</param>
    /// <param name="start">The first function's tag in it.</param>
    public static BegunCalls Follow(OfferedTools tools, string text, int start)
    {
        var reader = new XmlCalls(tools, text, start, isWhole: false);
        var calls = reader.ReadFunctions(isBare: false);
        return new BegunCalls(reader._written.Calls, reader._told, calls is null && !reader._scan.RanShort);
    }

    private List<(string Name, JsonObject Arguments)>? ReadFunctions(bool isBare)
    {
        var calls = new List<(string Name, JsonObject Arguments)>();
        while (_scan.Take(AnswerTags.FunctionOpen))
        {
            if (_scan.TakeName() is not { } name || (isBare && !_tools.Has(name)) || ReadParameters(name) is not { } arguments)
                return null;
            calls.Add((WellFormedJson.Text(name), arguments));
            _scan.SkipSpace();
        }

        _scan.Take(AnswerTags.CallClose);
        return calls.Count > 0 ? calls : null;
    }

    /// <summary>The parameters up to the end of the function; null when something else is between them, or no end is there.</summary>
    private JsonObject? ReadParameters(string function)
    {
        var arguments = new JsonObject();
        for (var isBegun = false; ; isBegun = true)
        {
            _scan.SkipSpace();
            var isEnd = _scan.Take(AnswerTags.FunctionClose) || _scan.Is(AnswerTags.CallClose);
            var parameter = !isEnd && _scan.Take(AnswerTags.ParameterOpen) ? _scan.TakeName() : null;
            if (!isEnd && parameter is null)
                return null;
            if (!isBegun && !_scan.RanShort)
                Begin(function);
            if (isEnd)
                return arguments;
            if (ReadValue(function, parameter!, arguments) is not { } value)
                return null;
            Add(arguments, WellFormedJson.Text(parameter!), ParameterValue.Read(Text(value), _tools.KindsOf(function, parameter!)));
        }
    }

    private void Begin(string function)
    {
        _written.Begin(WellFormedJson.Text(function));
        _told = _scan.At;
    }

    private void Add(JsonObject arguments, string name, JsonNode? value)
    {
        if (!_scan.RanShort)
        {
            _written.Member(name, value);
            _told = _scan.At;
        }

        arguments[name] = value;
    }

    /// <summary>The text of a parameter's value; the scanner is behind it then. Null when it has no end.</summary>
    private string? ReadValue(string function, string parameter, JsonObject earlier)
    {
        var start = _scan.At;
        var (parameters, functions) = (0, 0); // Those that the value itself opens.
        var (certain, isCertain) = (start, !_scan.RanShort);
        for (; _scan.FindTag(); _scan.At++, isCertain = !_scan.RanShort)
        {
            var at = _scan.At;
            if (isCertain)
                certain = at;
            if (_scan.Is(AnswerTags.ParameterClose))
            {
                if (parameters > 0)
                    parameters--;
                else if (IsLastOfParameter(at))
                    return Until(at, AnswerTags.ParameterClose);
            }
            else if (_scan.Is(AnswerTags.ParameterOpen))
            {
                if (BeginsNext(function, parameter, earlier))
                    return Until(at, "");
                parameters += BeginsLine(at) ? 1 : 0;
            }
            else if (_scan.Is(AnswerTags.FunctionOpen))
            {
                functions += BeginsLine(at) ? 1 : 0;
            }
            else if (_scan.Is(AnswerTags.FunctionClose))
            {
                if (functions > 0)
                    functions--;
                else if (IsLastOfFunction(at))
                    return UntilFunctionClose(at);
            }
        }

        BeginText(function, parameter, start, isCertain ? _text.Length : certain);
        return null;

        string Until(int end, string tag)
        {
            _scan.At = end + tag.Length;
            return _text[start..end];
        }

        // The pairs did not come out even: a closing tag right before the function's belongs to this value after all.
        string UntilFunctionClose(int end)
        {
            var value = Until(end, "");
            var rest = value.AsSpan().TrimEnd();
            return rest.EndsWith(AnswerTags.ParameterClose, StringComparison.Ordinal) ? WithoutClose(rest).ToString() : value;
        }
    }

    /// <summary>Tells the beginning of a value that is a text, but for what may yet belong to its end.</summary>
    private void BeginText(string function, string parameter, int start, int end)
    {
        var text = WithoutClose(_text.AsSpan(start..end).TrimEnd()).TrimEnd();
        if (text is [.., var last] && char.IsHighSurrogate(last))
            text = text[..^1];
        if (text.IsEmpty || _tools.KindsOf(function, parameter) is not (JsonKinds.None or JsonKinds.String))
            return;
        _written.BeginText(WellFormedJson.Text(parameter), Text(text.ToString()));
        _told = start + text.Length;
    }

    private bool IsLastOfParameter(int close) => _scan.IsBehindSpace(
        close + AnswerTags.ParameterClose.Length, AnswerTags.ParameterOpen, AnswerTags.FunctionClose, AnswerTags.CallClose);

    private bool IsLastOfFunction(int close) => _scan.IsBehindSpace(
        close + AnswerTags.FunctionClose.Length, AnswerTags.CallClose, AnswerTags.FunctionOpen, AnswerTags.CallOpen);

    /// <summary>Whether the tag here begins another parameter of the function, which the tool's schema says where there is one.</summary>
    private bool BeginsNext(string function, string parameter, JsonObject earlier)
    {
        var tag = _scan.At;
        _scan.At += AnswerTags.ParameterOpen.Length;
        var name = _scan.TakeName();
        _scan.At = tag;
        return name is not null && name != parameter && !earlier.ContainsKey(name) && _tools.MayHave(function, name);
    }

    private bool BeginsLine(int at) => _text.AsSpan(0, at).TrimEnd(" \t").EndsWith('\n');

    private static ReadOnlySpan<char> WithoutClose(ReadOnlySpan<char> value) =>
        value.EndsWith(AnswerTags.ParameterClose, StringComparison.Ordinal) ? value[..^AnswerTags.ParameterClose.Length] : value;

    /// <summary>Without the line breaks that the form puts around a value, and well-formed.</summary>
    private static string Text(string value)
    {
        var start = value.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : value.StartsWith('\n') ? 1 : 0;
        var rest = value[start..];
        return WellFormedJson.Text(
            rest.EndsWith("\r\n", StringComparison.Ordinal) ? rest[..^2] : rest.EndsWith('\n') ? rest[..^1] : rest);
    }
}
