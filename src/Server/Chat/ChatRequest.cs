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
        return SamplingFields.Answer(body, "messages",
        [
            SamplingFields.Generation(body, TopLogprobs(body)) with
            {
                Messages = ChatMessages.Read(body.Messages),
                Tools = ChatTools.Read(body),
                EnableThinking = body.ReasoningEffort is { } effort && !kwargs.ContainsKey(Thinking) ? effort != s_efforts[0] : null,
                ChatTemplateKwargs = kwargs,
                MaxTokens = MaxTokens(body),
            },
        ]);
    }

    private static void RefuseOthers(ChatCompletionBody body, string model)
    {
        SamplingFields.CheckModel(body, model);
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

    private static int? TopLogprobs(ChatCompletionBody body) => body.Logprobs is true ? body.TopLogprobs ?? 0
        : body.TopLogprobs is null ? null
        : throw ApiException.Wrong("top_logprobs", "top_logprobs needs logprobs = true");

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
