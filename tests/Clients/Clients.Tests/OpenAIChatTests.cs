using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>The official client, NuGet's <c>OpenAI</c>, in front of the demo model.</summary>
public class OpenAIChatTests
{
    private static readonly ChatClient s_chat = Service.Chat(Service.Demo);

    private static ChatMessage[] Ask(string text = Service.Question) => [new UserChatMessage(text)];

    [Fact]
    public async Task Whole_HasTextReasonCountsAndNames()
    {
        ChatCompletion answer = await s_chat.CompleteChatAsync(Ask(), cancellationToken: Service.Cancelled);

        Assert.Equal(Service.Answer, Assert.Single(answer.Content).Text);
        Assert.Equal(ChatMessageContentPartKind.Text, answer.Content[0].Kind);
        Assert.Equal((ChatFinishReason.Stop, ChatMessageRole.Assistant), (answer.FinishReason, answer.Role));
        Assert.Equal((Service.PromptTokens, Service.AnswerTokens), (answer.Usage.InputTokenCount, answer.Usage.OutputTokenCount));
        Assert.Equal(Service.PromptTokens + Service.AnswerTokens, answer.Usage.TotalTokenCount);
        Assert.StartsWith("chatcmpl-", answer.Id, StringComparison.Ordinal);
        Assert.Equal(Service.Model, answer.Model);
        Assert.InRange(answer.CreatedAt, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Null(answer.Refusal);
        Assert.Empty(answer.ToolCalls);
        Assert.Empty(answer.ContentTokenLogProbabilities);
    }

    [Fact]
    public async Task Streamed_IsTheWholeAnswer_InOrder()
    {
        var updates = await StreamAsync(Ask());

        Assert.Equal(Service.Answer, TextOf(updates));
        Assert.Single(updates.Select(update => update.CompletionId).Distinct());
        Assert.Single(updates.Select(update => update.CreatedAt).Distinct());
        Assert.Equal(ChatMessageRole.Assistant, updates[0].Role);
        Assert.All(updates.Skip(1), update => Assert.Null(update.Role));
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
        Assert.True(updates.Count > 5, $"{updates.Count} updates");
    }

    [Fact]
    public async Task Streamed_CountsTokens_InTheLastUpdate()
    {
        var updates = await StreamAsync(Ask());

        Assert.All(updates.SkipLast(1), update => Assert.Null(update.Usage));
        Assert.Empty(updates[^1].ContentUpdate);
        Assert.Equal(
            (Service.PromptTokens, Service.AnswerTokens, Service.PromptTokens + Service.AnswerTokens),
            (updates[^1].Usage.InputTokenCount, updates[^1].Usage.OutputTokenCount, updates[^1].Usage.TotalTokenCount));
    }

    [Fact]
    public void Synchronous_IsTheSame()
    {
        Assert.Equal(Service.Answer, s_chat.CompleteChat(Ask(), cancellationToken: Service.Cancelled).Value.Content[0].Text);
        Assert.Equal(Service.Answer, TextOf([.. s_chat.CompleteChatStreaming(Ask(), cancellationToken: Service.Cancelled)]));
    }

    [Theory]
    [InlineData(1, "3")]
    [InlineData(3, "3 + ")]
    [InlineData(4, "3 + 4")]
    public async Task MostTokens_CutTheAnswer_AndItSaysSo(int most, string text)
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = most };
        ChatCompletion answer = await s_chat.CompleteChatAsync(Ask(), options, Service.Cancelled);
        var updates = await StreamAsync(Ask(), options);

        Assert.Equal((text, ChatFinishReason.Length, most), (answer.Content[0].Text, answer.FinishReason, answer.Usage.OutputTokenCount));
        Assert.Equal(text, TextOf(updates));
        Assert.Equal(ChatFinishReason.Length, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
    }

    [Theory]
    [InlineData(" = ", "3 + 4")]
    [InlineData("4", "3 + ")]
    [InlineData("####", "3 + 4 = 7\n")]
    [InlineData("nowhere", Service.Answer)]
    public async Task Stops_EndTheAnswer_AndNoPartOfThemShows(string stop, string text)
    {
        var options = new ChatCompletionOptions { StopSequences = { stop, "\u0000never" } };
        ChatCompletion answer = await s_chat.CompleteChatAsync(Ask(), options, Service.Cancelled);
        var updates = await StreamAsync(Ask(), options);

        Assert.Equal((text, ChatFinishReason.Stop), (answer.Content[0].Text, answer.FinishReason));
        Assert.Equal(text, TextOf(updates));
    }

    [Fact]
    public async Task Seeds_NameAnswers()
    {
        Task<string> TextAsync(long? seed) =>
            SampledAsync(new ChatCompletionOptions { Seed = seed, Temperature = 2, MaxOutputTokenCount = 24 }, "tell me");

        Assert.Equal(await TextAsync(7), await TextAsync(7));
        Assert.NotEqual(await TextAsync(7), await TextAsync(8));
        Assert.NotEqual(await TextAsync(null), await TextAsync(null));
    }

    [Fact]
    public async Task Samplers_AreHonoured()
    {
        var narrow = new ChatCompletionOptions { Temperature = 2, TopP = 0.0001f };
        var biased = new ChatCompletionOptions { MaxOutputTokenCount = 1 };
        biased.LogitBiases[await TokenOfAsync("3")] = -100;
        var varied = new ChatCompletionOptions { Temperature = 1, Seed = 1, MaxOutputTokenCount = 40 };
        var plain = await SampledAsync(varied, "tell me");
        (varied.FrequencyPenalty, varied.PresencePenalty) = (2, 2);

        Assert.Equal(Service.Answer, await SampledAsync(narrow));
        Assert.NotEqual("3", await SampledAsync(biased));
        Assert.NotEqual(plain, await SampledAsync(varied, "tell me"));
    }

    [Fact]
    public async Task Logprobs_AreOfTheAnswersTokens_StreamedAsWhole()
    {
        var options = new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 3 };
        ChatCompletion answer = await s_chat.CompleteChatAsync(Ask(), options, Service.Cancelled);
        var streamed = (await StreamAsync(Ask(), options)).SelectMany(update => update.ContentTokenLogProbabilities).ToList();
        var tokens = answer.ContentTokenLogProbabilities;

        Assert.Equal(Service.Answer, Encoding.UTF8.GetString([.. tokens.SelectMany(token => token.Utf8Bytes!.Value.ToArray())]));
        Assert.Equal(Service.Answer, string.Concat(tokens.Select(token => token.Token)));
        Assert.All(tokens, token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            var best = token.TopLogProbabilities[0];
            Assert.Equal((token.Token, token.LogProbability), (best.Token, best.LogProbability));
            Assert.InRange(token.LogProbability, -0.1f, 0);
            Assert.True(token.TopLogProbabilities[1].LogProbability >= token.TopLogProbabilities[2].LogProbability);
        });
        Assert.Equal(
            tokens.Select(token => (token.Token, token.LogProbability)),
            streamed.Select(token => (token.Token, token.LogProbability)));
    }

    [Fact]
    public async Task Roles_AndParts_ReachTheModel()
    {
        var chat = Service.Chat(Service.Scripted);
        ChatCompletion roles = await chat.CompleteChatAsync(
            [
                new DeveloperChatMessage("be short"), new UserChatMessage("one"), new AssistantChatMessage("two"),
                new UserChatMessage("roles"),
            ], cancellationToken: Service.Cancelled);
        ChatCompletion parts = await chat.CompleteChatAsync(
            [new SystemChatMessage("be short"), new UserChatMessage(
                ChatMessageContentPart.CreateTextPart("first"), ChatMessageContentPart.CreateTextPart("second"))],
            cancellationToken: Service.Cancelled);

        Assert.Equal("system user assistant user", roles.Content[0].Text);
        Assert.Equal("first\nsecond", parts.Content[0].Text);
    }

    [Fact]
    public async Task History_IsSentBackAsItCame()
    {
        List<ChatMessage> history = [new UserChatMessage(Service.Question)];
        ChatCompletion first = await s_chat.CompleteChatAsync(history, cancellationToken: Service.Cancelled);
        history.Add(new AssistantChatMessage(first));
        history.Add(new UserChatMessage("What is 2 + 2?"));
        ChatCompletion second = await s_chat.CompleteChatAsync(history, cancellationToken: Service.Cancelled);

        Assert.Equal(second.Content[0].Text, TextOf(await StreamAsync([.. history])));
        Assert.True(second.Usage.InputTokenCount > first.Usage.TotalTokenCount, $"{second.Usage.InputTokenCount}");
    }

    [Fact]
    public async Task Characters_ArriveWhole()
    {
        const string text = "日本語 😀 naïve \u0001 \"quoted\" \\ </tool_call> Ω";
        var chat = Service.Chat(Service.Scripted);
        ChatCompletion answer = await chat.CompleteChatAsync(Ask(text), cancellationToken: Service.Cancelled);
        var updates = await StreamAsync(Ask(text), chat: chat);

        Assert.Equal(text, answer.Content[0].Text);
        Assert.Equal(text, TextOf(updates));
        Assert.All(updates.SelectMany(update => update.ContentUpdate), part => Assert.DoesNotContain('\uFFFD', part.Text));
    }

    [Fact]
    public async Task HarmlessOptions_ChangeNothing()
    {
        var options = new ChatCompletionOptions
        {
            EndUserId = "me",
            SafetyIdentifier = "me",
            StoredOutputEnabled = true,
            Metadata = { ["a"] = "b" },
            ServiceTier = ChatServiceTier.Auto,
            ResponseFormat = ChatResponseFormat.CreateTextFormat(),
            ResponseModalities = ChatResponseModalities.Text,
            OutputPrediction = ChatOutputPrediction.CreateStaticContentPrediction("3 + 4"),
            ReasoningEffortLevel = ChatReasoningEffortLevel.Low,
        };

        Assert.Equal(Service.Answer, await SampledAsync(options));
    }

    [Fact]
    public async Task Protocol_BodyIsWhatTheClientReads()
    {
        using var body = BinaryContent.Create(BinaryData.FromString(
            $$"""{"model":"{{Service.Model}}","messages":[{"role":"user","content":"{{Service.Question}}"}],"n":2,"seed":3}"""));
        var response = (await s_chat.CompleteChatAsync(body)).GetRawResponse();
        using var json = JsonDocument.Parse(response.Content);
        var choices = json.RootElement.GetProperty("choices").EnumerateArray();

        Assert.True(response.Headers.TryGetValue("Content-Type", out var type));
        Assert.StartsWith("application/json", type, StringComparison.Ordinal);
        Assert.True(response.Headers.TryGetValue("x-request-id", out var id));
        Assert.StartsWith("req_", id, StringComparison.Ordinal);
        Assert.Equal([0, 1], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal(2 * Service.AnswerTokens, json.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task ThirtyTwoAtOnce_EachGetsItsOwnAnswer()
    {
        async Task<string> AskAsync(int number, bool isStreamed)
        {
            var messages = Ask($"What is {number} + 4?");
            return isStreamed
                ? TextOf(await StreamAsync(messages))
                : (await s_chat.CompleteChatAsync(messages, cancellationToken: Service.Cancelled)).Value.Content[0].Text;
        }

        var together = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => AskAsync(i / 2, i % 2 == 0)));
        for (var i = 0; i < 32; i += 2)
        {
            Assert.Equal(together[i], together[i + 1]);
            Assert.Equal(await AskAsync(i / 2, isStreamed: true), together[i]);
        }

        Assert.True(together.Distinct().Count() > 8, string.Join(' ', together));
    }

    private static async Task<string> SampledAsync(ChatCompletionOptions options, string text = Service.Question) =>
        (await s_chat.CompleteChatAsync(Ask(text), options, Service.Cancelled)).Value.Content[0].Text;

    private static async Task<int> TokenOfAsync(string text)
    {
        using var http = new HttpClient();
        using var body = new StringContent(JsonSerializer.Serialize(new { content = text }), Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(Service.Demo, "/tokenize"), body, Service.Cancelled);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Service.Cancelled));
        return json.RootElement.GetProperty("tokens")[0].GetInt32();
    }

    private static async Task<List<StreamingChatCompletionUpdate>> StreamAsync(
        ChatMessage[] messages, ChatCompletionOptions? options = null, ChatClient? chat = null) =>
        await (chat ?? s_chat).CompleteChatStreamingAsync(messages, options, Service.Cancelled).ToListAsync(Service.Cancelled);

    private static string TextOf(IEnumerable<StreamingChatCompletionUpdate> updates) =>
        string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text));
}
