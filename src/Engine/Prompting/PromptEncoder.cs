using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Templates;
using AkkaCp.Model.Tokenization;

namespace AkkaCp.Engine.Prompting;

/// <summary>Turns a request's messages, text or ids into the ids that the model gets.</summary>
internal sealed class PromptEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate? _template;
    private readonly string? _whyNoTemplate;
    private readonly ControlTokenGuard _guard;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's template; null where it has none.</param>
    /// <param name="whyNoTemplate">What to tell a request with messages then.</param>
    public PromptEncoder(Tokenizer tokenizer, ChatTemplate? template, string? whyNoTemplate = null)
    {
        _tokenizer = tokenizer;
        _template = template;
        _whyNoTemplate = whyNoTemplate;
        _guard = new ControlTokenGuard(tokenizer);
    }

    /// <summary>Whether the template writes calls as Qwen3-Coder does, in tags of their own for function and parameters.</summary>
    public bool WritesXmlCalls => _template is not null && _template.Mentions("<function=") && _template.Mentions("<parameter=");

    /// <summary>The ids of a request whose fields are valid.</summary>
    /// <exception cref="GenerationException">Invalid: the template refuses the messages, or there is none.</exception>
    public EncodedPrompt Encode(GenerationRequest request)
    {
        int[] tokens = request switch
        {
            { Tokens: { } given } => [.. given],
            { Prompt: { } text } => _tokenizer.Encode(text),
            _ => EncodeMessages(request),
        };
        return new EncodedPrompt(ImmutableArray.Create(tokens), OpensReasoning(tokens));
    }

    private int[] EncodeMessages(GenerationRequest request)
    {
        var messages = request.Messages!.Select(JsonNode? (message, i) => ToJson(message, $"messages[{i}]")).ToList();
        var tools = request.Tools.Select((tool, i) => Parse(tool, $"tools[{i}]")).ToList();
        var texts = messages.Concat(tools).SelectMany(Texts).ToList();
        if (!texts.Exists(_guard.IsNeededFor))
            return _tokenizer.Encode(Render(request, messages, tools));

        var mark = ControlTokenGuard.ChooseMark(texts) ?? throw new GenerationException(
            FailureKind.Invalid,
            "messages: expected text in some language, found control tokens and every letter of two scripts");
        return _guard.Encode(
            Render(request, [.. messages.Select(node => Mark(node, mark))], [.. tools.Select(node => Mark(node, mark))]), mark);
    }

    private string Render(GenerationRequest request, List<JsonNode?> messages, List<JsonNode?> tools)
    {
        if (_template is null)
            throw new GenerationException(FailureKind.Invalid, $"messages need a chat template: {_whyNoTemplate}");
        try
        {
            return _template.Render(new ChatTemplateInput
            {
                Messages = messages,
                Tools = tools.Count > 0 ? tools : null,
                EnableThinking = request.EnableThinking,
            });
        }
        catch (TemplateException error)
        {
            throw new GenerationException(
                FailureKind.Invalid, $"messages: the chat template refuses them: {error.Message}", error);
        }
    }

    /// <summary>
    /// Whether the prompt's end, behind its last control token, leaves <c>&lt;think&gt;</c> open. No user's text is there: that
    /// ends with a control token of the template.
    /// </summary>
    private bool OpensReasoning(ReadOnlySpan<int> tokens)
    {
        var start = tokens.Length;
        while (start > 0 && !_tokenizer.IsSpecial(tokens[start - 1]))
            start--;
        if (start == 0)
            return false; // Raw text without a template.
        var tail = _tokenizer.Decode(tokens[start..]);
        return tail.LastIndexOf("<think>", StringComparison.Ordinal) > tail.LastIndexOf("</think>", StringComparison.Ordinal);
    }

    private static JsonObject ToJson(PromptMessage message, string path)
    {
        var json = new JsonObject { ["role"] = message.Role, ["content"] = WellFormedJson.Text(message.Content) };
        if (message.ReasoningContent is { } reasoning)
            json["reasoning_content"] = WellFormedJson.Text(reasoning);
        if (message.Name is { } name)
            json["name"] = WellFormedJson.Text(name);
        if (message.ToolCallId is { } id)
            json["tool_call_id"] = WellFormedJson.Text(id);
        if (message.ToolCalls.Count > 0)
            json["tool_calls"] = new JsonArray([.. message.ToolCalls.Select((call, i) => ToJson(call, $"{path}.tool_calls[{i}]"))]);
        return json;
    }

    private static JsonObject ToJson(PromptToolCall call, string path) => new()
    {
        ["id"] = WellFormedJson.Text(call.Id),
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = WellFormedJson.Text(call.Name),
            ["arguments"] = Parse(call.Arguments, $"{path}.arguments"),
        },
    };

    private static JsonNode? Parse(JsonElement json, string path)
    {
        try
        {
            return WellFormedJson.Parse(json.GetRawText());
        }
        catch (JsonException error)
        {
            throw new GenerationException(
                FailureKind.Invalid, $"{path} must be JSON at most {WellFormedJson.MaxDepth} levels deep: {error.Message}", error);
        }
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(field => Texts(field.Value).Prepend(field.Key)),
        JsonArray array => array.SelectMany(Texts),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [value.GetValue<string>()],
        _ => [],
    };

    private JsonNode? Mark(JsonNode? node, char mark) =>
        Map(node, text => _guard.IsNeededFor(text) ? _guard.Mark(text, mark) : text);

    /// <summary>A copy of the JSON with every text in it, names of members included, replaced.</summary>
    private static JsonNode? Map(JsonNode? node, Func<string, string> replace) => node switch
    {
        JsonObject json => new JsonObject(
            json.Select(field => KeyValuePair.Create(replace(field.Key), Map(field.Value, replace)))),
        JsonArray array => new JsonArray([.. array.Select(item => Map(item, replace))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(replace(value.GetValue<string>())),
        _ => node?.DeepClone(),
    };
}
