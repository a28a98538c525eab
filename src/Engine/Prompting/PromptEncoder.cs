using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Prompting;

/// <summary>Turns a request's messages, text or ids into the ids that the model gets.</summary>
internal sealed class PromptEncoder
{
    /// <summary>Keys of a message that <see cref="PromptMessage"/> has properties for.</summary>
    public static readonly IReadOnlySet<string> MessageKeys =
        new HashSet<string> { "role", "content", "reasoning_content", "name", "tool_call_id", "tool_calls" };

    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate? _template;
    private readonly string? _whyNoTemplate;
    private readonly ControlTokenGuard _guard;
    private readonly IReadOnlySet<int> _tags;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's template; null where it has none.</param>
    /// <param name="whyNoTemplate">What to tell a request with messages then.</param>
    public PromptEncoder(Tokenizer tokenizer, ChatTemplate? template, string? whyNoTemplate = null)
    {
        _tokenizer = tokenizer;
        _template = template;
        _whyNoTemplate = whyNoTemplate;
        _guard = new ControlTokenGuard(tokenizer);
        _tags = AnswerTags.TokensOf(tokenizer);
        WritesXmlCalls = template is not null && template.Mentions(AnswerTags.FunctionOpen) && template.Mentions(AnswerTags.ParameterOpen);
    }

    /// <summary>Whether the template writes calls as Qwen3-Coder does, in tags of their own for function and parameters.</summary>
    public bool WritesXmlCalls { get; }

    /// <summary>The ids of a request whose fields are valid.</summary>
    /// <exception cref="GenerationException">Invalid: the template refuses the messages, has no place for the tools, or there is
    /// none.</exception>
    public EncodedPrompt Encode(GenerationRequest request)
    {
        int[] tokens = request switch
        {
            { Tokens: { } given } => [.. given],
            { Prompt: { } text } => _tokenizer.EncodePrompt(text),
            _ => EncodeMessages(request),
        };
        return new EncodedPrompt(ImmutableArray.Create(tokens), OpensReasoning(tokens));
    }

    private int[] EncodeMessages(GenerationRequest request)
    {
        var input = new ChatTemplateInput
        {
            Messages = [.. request.Messages!.Select(ToJson)],
            Tools = request.Tools.Count > 0 ? [.. request.Tools.Select(Parse)] : null,
            EnableThinking = request.EnableThinking,
            Variables = request.ChatTemplateKwargs.ToDictionary(pair => pair.Key, pair => Parse(pair.Value)),
        };
        var texts = input.Messages.Concat(input.Tools ?? []).Concat(input.Variables.Values).SelectMany(Texts).ToList();
        if (!texts.Exists(_guard.IsNeededFor))
            return _tokenizer.Encode(Render(input));

        var mark = ControlTokenGuard.ChooseMark(texts) ?? throw new GenerationException(
            FailureKind.Invalid,
            "messages: expected text in some language, found control tokens and every letter of two scripts");
        return _guard.Encode(Render(Mark(input, mark)), mark);
    }

    private string Render(ChatTemplateInput input)
    {
        if (_template is null)
            throw new GenerationException(FailureKind.Invalid, $"messages need a chat template: {_whyNoTemplate}");
        try
        {
            var text = _template.Render(input);
            return _template.DropsTools(input, text) ? RenderInText(_template, input) : text;
        }
        catch (TemplateException error)
        {
            throw new GenerationException(
                FailureKind.Invalid, $"messages: the chat template refuses them: {error.Message}", error);
        }
    }

    /// <summary>The prompt where the template has no place for tools.</summary>
    private static string RenderInText(ChatTemplate template, ChatTemplateInput input)
    {
        var text = template.Render(ToolsInText.Of(input));
        return text != template.Render(input with { Tools = null }) ? text : throw new GenerationException(
            FailureKind.Invalid,
            "tools must have a place in the model's chat template, or a system message there for them, found one that leaves all "
                + $"{input.Tools!.Count} out of the prompt");
    }

    /// <summary>
    /// Whether the prompt's end, behind its last control token, leaves <c>&lt;think&gt;</c> open. No user's text is there: that
    /// ends with a control token of the template.
    /// </summary>
    private bool OpensReasoning(ReadOnlySpan<int> tokens)
    {
        var start = tokens.Length;
        while (start > 0 && (!_tokenizer.IsSpecial(tokens[start - 1]) || _tags.Contains(tokens[start - 1])))
            start--;
        if (start == 0)
            return false; // Raw text without a template.
        var tail = _tokenizer.Decode(tokens[start..]);
        return tail.LastIndexOf(AnswerTags.ThinkOpen, StringComparison.Ordinal)
            > tail.LastIndexOf(AnswerTags.ThinkClose, StringComparison.Ordinal);
    }

    private JsonNode? ToJson(PromptMessage message)
    {
        var json = new JsonObject { ["role"] = message.Role, ["content"] = WellFormedJson.Text(message.Content) };
        if (message.ReasoningContent is { } reasoning)
            json["reasoning_content"] = WellFormedJson.Text(reasoning);
        if (message.Name is { } name)
            json["name"] = WellFormedJson.Text(name);
        if (message.ToolCallId is { } id)
            json["tool_call_id"] = WellFormedJson.Text(id);
        if (message.ToolCalls.Count > 0)
            json["tool_calls"] = new JsonArray([.. message.ToolCalls.Select(ToJson)]);
        foreach (var (key, value) in message.AdditionalKeys)
            json[key] = Parse(value);
        return json;
    }

    private JsonObject ToJson(PromptToolCall call) => new()
    {
        ["id"] = WellFormedJson.Text(call.Id),
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = WellFormedJson.Text(call.Name),
            ["arguments"] = Arguments(call.Arguments),
        },
    };

    /// <summary>Arguments as they are; a template that writes them one by one needs them so, where others print a text of JSON.</summary>
    private JsonNode? Arguments(JsonElement arguments)
    {
        var node = Parse(arguments);
        return WritesXmlCalls && node is JsonValue value && value.TryGetValue<string>(out var text)
            && WellFormedJson.TryParse(text, out var parsed) && parsed is JsonObject
            ? parsed
            : node;
    }

    private static JsonNode? Parse(JsonElement json) => WellFormedJson.Parse(json.GetRawText());

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(field => Texts(field.Value).Prepend(field.Key)),
        JsonArray array => array.SelectMany(Texts),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [value.GetValue<string>()],
        _ => [],
    };

    private ChatTemplateInput Mark(ChatTemplateInput input, char mark) => input with
    {
        Messages = [.. input.Messages.Select(node => Mark(node, mark))],
        Tools = input.Tools?.Select(node => Mark(node, mark)).ToList(),
        Variables = input.Variables.ToDictionary(pair => pair.Key, pair => Mark(pair.Value, mark)),
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
