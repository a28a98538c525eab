using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>Tools with the official client, in front of a model that calls them.</summary>
public class OpenAIToolTests
{
    private const string TwoCalls = "call add {\"a\": 1, \"b\": 2}\ncall shout {\"text\": \"日本 \\\"x\\\"\"}";

    private static readonly ChatClient s_chat = Service.Chat(Service.Scripted);

    private static readonly ChatTool s_add = ChatTool.CreateFunctionTool(
        "add", "Adds", BinaryData.FromString("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}"""));

    private static readonly ChatTool s_shout = ChatTool.CreateFunctionTool("shout");

    private static ChatCompletionOptions Options => new() { Tools = { s_add, s_shout } };

    [Fact]
    public async Task Calls_HaveNamesIdsAndJson()
    {
        ChatCompletion answer = await s_chat.CompleteChatAsync([new UserChatMessage(TwoCalls)], Options, Service.Cancelled);

        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        Assert.Empty(answer.Content);
        Assert.Equal(["add", "shout"], answer.ToolCalls.Select(call => call.FunctionName));
        Assert.All(answer.ToolCalls, call => Assert.Equal(ChatToolCallKind.Function, call.Kind));
        Assert.Equal(2, answer.ToolCalls.Select(call => call.Id).Distinct().Count());
        using var first = JsonDocument.Parse(answer.ToolCalls[0].FunctionArguments);
        using var second = JsonDocument.Parse(answer.ToolCalls[1].FunctionArguments);
        Assert.Equal((1, 2), (first.RootElement.GetProperty("a").GetInt32(), first.RootElement.GetProperty("b").GetInt32()));
        Assert.Equal("日本 \"x\"", second.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task StreamedCalls_AreTheWholeOnes()
    {
        ChatCompletion whole = await s_chat.CompleteChatAsync([new UserChatMessage(TwoCalls)], Options, Service.Cancelled);
        var updates = await s_chat.CompleteChatStreamingAsync([new UserChatMessage(TwoCalls)], Options, Service.Cancelled)
            .ToListAsync(Service.Cancelled);
        var calls = updates.SelectMany(update => update.ToolCallUpdates).GroupBy(call => call.Index).OrderBy(call => call.Key).ToList();

        Assert.Equal([0, 1], calls.Select(call => call.Key));
        Assert.Equal(["add", "shout"], calls.Select(call => string.Concat(call.Select(piece => piece.FunctionName))));
        Assert.All(calls, call => Assert.Equal(ChatToolCallKind.Function, call.First().Kind));
        Assert.All(calls, call => Assert.StartsWith("call_", call.First().ToolCallId, StringComparison.Ordinal));
        Assert.Equal(
            whole.ToolCalls.Select(call => call.FunctionArguments.ToString()),
            calls.Select(call => Encoding.UTF8.GetString([.. call.SelectMany(piece => piece.FunctionArgumentsUpdate.ToArray())])));
        Assert.Equal(ChatFinishReason.ToolCalls, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
        Assert.Equal(whole.Usage.OutputTokenCount, updates[^1].Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Results_GoBackToTheModel_InOrder()
    {
        List<ChatMessage> messages = [new UserChatMessage(TwoCalls)];
        ChatCompletion calls = await s_chat.CompleteChatAsync(messages, Options, Service.Cancelled);
        messages.Add(new AssistantChatMessage(calls));
        messages.AddRange(calls.ToolCalls.Select((call, i) => new ToolChatMessage(call.Id, $"result {i}")));
        ChatCompletion answer = await s_chat.CompleteChatAsync(messages, Options, Service.Cancelled);

        Assert.Equal(("results: result 0, result 1", ChatFinishReason.Stop), (answer.Content[0].Text, answer.FinishReason));
    }

    [Fact]
    public async Task None_HidesTheTools()
    {
        var options = Options;
        options.ToolChoice = ChatToolChoice.CreateNoneChoice();
        ChatCompletion answer = await s_chat.CompleteChatAsync([new UserChatMessage(TwoCalls)], options, Service.Cancelled);

        Assert.Equal(("no tools", ChatFinishReason.Stop), (answer.Content[0].Text, answer.FinishReason));
        Assert.Empty(answer.ToolCalls);
    }

    [Fact]
    public async Task Auto_MayAnswer()
    {
        var options = Options;
        options.ToolChoice = ChatToolChoice.CreateAutoChoice();
        ChatCompletion answer = await s_chat.CompleteChatAsync([new UserChatMessage("just say it")], options, Service.Cancelled);

        Assert.Equal(("just say it", ChatFinishReason.Stop), (answer.Content[0].Text, answer.FinishReason));
    }

    [Fact]
    public async Task CutCall_IsNone()
    {
        var options = Options;
        options.MaxOutputTokenCount = 20;
        ChatCompletion answer = await s_chat.CompleteChatAsync([new UserChatMessage(TwoCalls)], options, Service.Cancelled);

        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Empty(answer.ToolCalls);
        Assert.StartsWith("<tool_call>", answer.Content[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("required")]
    [InlineData("add")]
    public async Task Forcing_IsRefusedByName(string what)
    {
        var options = Options;
        options.ToolChoice = what == "required" ? ChatToolChoice.CreateRequiredChoice() : ChatToolChoice.CreateFunctionChoice(what);
        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => s_chat.CompleteChatAsync([new UserChatMessage("x")], options, Service.Cancelled));

        Assert.Equal(400, error.Status);
        Assert.Contains("tool_choice", error.Message, StringComparison.Ordinal);
    }
}
