using System.Globalization;
using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary>Reads a chat's body into what the engine is asked. Every field is honoured, changes nothing by name, or is refused.</summary>
internal static class ChatRequest
{
    private const string Thinking = "enable_thinking";
    private const string Effort = "reasoning_effort";
    private static readonly string[] s_efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>The request.</summary>
    /// <exception cref="ApiException">What is wrong, and where.</exception>
    public static AnswerRequest Read(ChatCompletionBody body, InferenceEngine engine)
    {
        RefuseOthers(body, engine.ModelName);
        var kwargs = Kwargs(body);
        return new AnswerRequest
        {
            PromptField = "messages",
            Stream = body.Stream ?? false,
            IncludeUsage = IncludesUsage(body),
            ReturnProgress = body.ReturnProgress ?? false,
            Generation = new GenerationRequest
            {
                Messages = ChatMessages.Read(body.Messages),
                Tools = ChatTools.Read(body),
                EnableThinking = body.ReasoningEffort is { } effort && !kwargs.ContainsKey(Thinking) ? effort != s_efforts[0] : null,
                ChatTemplateKwargs = kwargs,
                N = Choices(body.N),
                MaxTokens = MaxTokens(body),
                Stop = Fields.Strings(body.Stop, "stop", GenerationRequest.MaxStopStrings),
                IgnoreEos = body.IgnoreEos ?? false,
                Sampling = Sampling(body),
            },
        };
    }

    private static void RefuseOthers(ChatCompletionBody body, string model)
    {
        if (body.Model is { } asked && asked != model)
            throw ApiException.ModelNotFound(asked, model);
        Fields.Refuse(body.Audio, "audio", "must be left out: there is no sound");
        Fields.Refuse(body.WebSearchOptions, "web_search_options", "must be left out: nothing is searched");
        Fields.Refuse(body.Functions, "functions", "must be left out: tools have taken their place");
        Fields.Refuse(body.FunctionCall, "function_call", "must be left out: tool_choice has taken its place");
        Fields.Refuse(body.Moderation, "moderation", "must be left out: nothing is moderated");
        if (!body.Modalities.IsNone() && Fields.Strings(body.Modalities, "modalities", 2) is not ["text"])
            throw ApiException.Unsupported("modalities", "must be [\"text\"]");
        if (body.ResponseFormat.IsNone())
            return;
        var format = Fields.String(Fields.Object(body.ResponseFormat, "response_format"), "type", "response_format");
        if (format != "text")
        {
            throw ApiException.Unsupported(
                "response_format", $"must be text: output is not constrained to a grammar yet, found {ApiException.Shown(format)}");
        }
    }

    private static int Choices(int? n) => n is null or (>= 1 and <= GenerationRequest.MaxN)
        ? n ?? 1
        : throw ApiException.Wrong("n", $"n must be in [1, {GenerationRequest.MaxN}], found {n}");

    private static bool IncludesUsage(ChatCompletionBody body)
    {
        if (body.StreamOptions is null)
            return false;
        return body.Stream is true
            ? body.StreamOptions.IncludeUsage ?? false
            : throw ApiException.Wrong("stream_options", "stream_options needs stream = true");
    }

    private static int? MaxTokens(ChatCompletionBody body)
    {
        var (older, newer) = (body.MaxTokens, body.MaxCompletionTokens);
        if (older is not null && newer is not null && older != newer)
        {
            throw ApiException.Wrong(
                "max_completion_tokens", $"max_completion_tokens must be max_tokens where both are given, found {newer} and {older}");
        }

        if (newer is < 1)
            throw ApiException.Wrong("max_completion_tokens", $"max_completion_tokens must be at least 1, found {newer}");
        return newer ?? older;
    }

    private static SamplingOverrides Sampling(ChatCompletionBody body)
    {
        if (body.TopLogprobs is not null && body.Logprobs is not true)
            throw ApiException.Wrong("top_logprobs", "top_logprobs needs logprobs = true");
        return new SamplingOverrides
        {
            Temperature = body.Temperature,
            TopP = body.TopP,
            TopK = body.TopK is -1 ? 0 : body.TopK,
            MinP = body.MinP,
            RepetitionPenalty = body.RepetitionPenalty,
            PresencePenalty = body.PresencePenalty,
            FrequencyPenalty = body.FrequencyPenalty,
            Seed = Seed(body.Seed),
            Logprobs = body.Logprobs ?? false,
            TopLogprobs = body.TopLogprobs ?? 0,
            LogitBias = LogitBias(body.LogitBias),
        };
    }

    /// <summary>A seed.</summary>
    /// <exception cref="ApiException">It is negative.</exception>
    public static ulong? Seed(long? seed) => seed switch
    {
        null => null,
        >= 0 => (ulong)seed,
        _ => throw ApiException.Wrong("seed", $"seed must be at least 0, found {seed}"),
    };

    /// <summary>Biases by token id.</summary>
    /// <exception cref="ApiException">It is no object of numbers by token id.</exception>
    public static IReadOnlyDictionary<int, float>? LogitBias(JsonElement bias)
    {
        if (bias.IsNone())
            return null;
        var biases = new Dictionary<int, float>();
        foreach (var entry in Fields.Object(bias, "logit_bias").EnumerateObject())
        {
            var field = $"logit_bias[{ApiException.Shown(entry.Name)}]";
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw ApiException.Wrong("logit_bias", $"{field} must have a token id as its key");
            if (entry.Value.ValueKind is not JsonValueKind.Number || !entry.Value.TryGetSingle(out var value) || !float.IsFinite(value))
                throw ApiException.Wrong("logit_bias", $"{field} must be a number, found {Fields.NameOf(entry.Value)}");
            if (!biases.TryAdd(id, value))
                throw ApiException.Wrong("logit_bias", $"{field} must be given once, found it twice");
        }

        return biases;
    }

    private static Dictionary<string, JsonElement> Kwargs(ChatCompletionBody body)
    {
        var kwargs = new Dictionary<string, JsonElement>();
        if (body.ReasoningEffort is { } effort)
        {
            if (!s_efforts.Contains(effort))
            {
                throw ApiException.Wrong(
                    Effort, $"{Effort} must be one of {string.Join(", ", s_efforts)}, found \"{ApiException.Shown(effort)}\"");
            }

            if (effort != s_efforts[0])
                kwargs[Effort] = JsonSerializer.SerializeToElement(effort, HttpJson.Strict.String);
        }

        if (!body.ChatTemplateKwargs.IsNone())
        {
            foreach (var kwarg in Fields.Object(body.ChatTemplateKwargs, "chat_template_kwargs").EnumerateObject())
                kwargs[kwarg.Name] = kwarg.Value;
        }

        return kwargs;
    }
}
