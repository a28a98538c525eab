using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AkkaCp.Engine.Prompting;

/// <summary>
/// A request as it was when it came: what the caller does to its lists afterwards changes nothing, and nothing in it is null that may not
/// be. A program can leave out anywhere what JSON could not, so each mistake is named by its field.
/// </summary>
internal sealed class RequestCopy
{
    private static readonly PromptMessage s_noMessage = new("", "");
    private static readonly PromptToolCall s_noCall = new("", "", default);

    private readonly List<string> _problems = [];

    private RequestCopy()
    {
    }

    /// <summary>The copy.</summary>
    /// <exception cref="GenerationException">Something is null, or is no JSON: all of it.</exception>
    public static GenerationRequest Of(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var copy = new RequestCopy();
        var own = copy.Copy(request);
        return copy._problems.Count == 0 ? own : throw new GenerationException(copy._problems);
    }

    private GenerationRequest Copy(GenerationRequest request) => request with
    {
        Messages = request.Messages is null ? null : List("messages", request.Messages, Copy),
        Tools = List("tools", request.Tools, (field, tool) => Json(field, tool, JsonValueKind.Object)),
        ChatTemplateKwargs = Keys("chat_template_kwargs", request.ChatTemplateKwargs),
        Tokens = request.Tokens is null || IsMissing("tokens", request.Tokens) ? null : [.. request.Tokens],
        Stop = List("stop", request.Stop, Text),
        Sampling = Copy(request.Sampling),
    };

    private PromptMessage Copy(string field, PromptMessage? message) => IsMissing(field, message, "a message") ? s_noMessage : message with
    {
        Role = Text($"{field}.role", message.Role),
        Content = Text($"{field}.content", message.Content),
        ToolCalls = List($"{field}.tool_calls", message.ToolCalls, Copy),
        AdditionalKeys = Keys($"{field}.additional_keys", message.AdditionalKeys),
    };

    private PromptToolCall Copy(string field, PromptToolCall? call) => IsMissing(field, call, "a call") ? s_noCall : new PromptToolCall(
        Text($"{field}.id", call.Id), Text($"{field}.name", call.Name),
        Json($"{field}.arguments", call.Arguments, JsonValueKind.Object, JsonValueKind.String));

    private SamplingOverrides Copy(SamplingOverrides? sampling) =>
        IsMissing("sampling", sampling, "options") ? new SamplingOverrides() : sampling with
        {
            LogitBias = sampling.LogitBias is null ? null : new Dictionary<int, float>(sampling.LogitBias),
        };

    private string Text(string field, string? text) => IsMissing(field, text, "a text") ? "" : text;

    private T[] List<T>(string field, IReadOnlyList<T>? list, Func<string, T, T> copy)
    {
        if (IsMissing(field, list))
            return [];
        var copies = new T[list.Count];
        for (var i = 0; i < copies.Length; i++)
            copies[i] = copy($"{field}[{i}]", list[i]);
        return copies;
    }

    private Dictionary<string, JsonElement> Keys(string field, IReadOnlyDictionary<string, JsonElement>? keys)
    {
        var copies = new Dictionary<string, JsonElement>();
        if (IsMissing(field, keys, "keys and values"))
            return copies;
        foreach (var (key, value) in keys)
        {
            var name = $"{field}[\"{Shown.Start(key)}\"]";
            if (!copies.TryAdd(WellFormedJson.Text(key), Json(name, value)))
                _problems.Add($"{name} must be given once, found it twice");
        }

        return copies;
    }

    private JsonElement Json(string field, JsonElement value, params ReadOnlySpan<JsonValueKind> kinds)
    {
        var (own, problem) = OwnJson.Of(value);
        if (problem is not null)
            _problems.Add($"{field} must be JSON, found {problem}");
        else if (!kinds.IsEmpty && !kinds.Contains(own.ValueKind))
            _problems.Add($"{field} must be {string.Join(" or ", kinds.ToArray())}, found {own.ValueKind}");
        return own;
    }

    private bool IsMissing<T>(string field, [NotNullWhen(false)] IReadOnlyList<T>? list) =>
        list is ImmutableArray<T> { IsDefault: true } ? Refuse(field, "a list", "a default array") : IsMissing(field, list, "a list");

    private bool IsMissing<T>(string field, [NotNullWhen(false)] T? value, string expected)
        where T : class => value is null && Refuse(field, expected, "null");

    private bool Refuse(string field, string expected, string found)
    {
        _problems.Add($"{field} must be {expected}, found {found}");
        return true;
    }
}
