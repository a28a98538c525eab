using System.ComponentModel;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>NuGet's <c>Microsoft.SemanticKernel</c>.</summary>
public class SemanticKernelTests
{
    private static Kernel KernelAt(Uri address) =>
        Kernel.CreateBuilder().AddOpenAIChatCompletion(Service.Model, address, apiKey: null).Build();

    [Fact]
    public async Task Prompt_IsAnswered_WithCounts()
    {
        var result = await KernelAt(Service.Demo).InvokePromptAsync(
            "What is {{$a}} + 4?", new KernelArguments { ["a"] = "3" }, cancellationToken: Service.Cancelled);
        var usage = Assert.IsType<OpenAI.Chat.ChatTokenUsage>(result.Metadata!["Usage"]);

        Assert.Equal(Service.Answer, result.GetValue<string>());
        Assert.Equal((Service.PromptTokens, Service.AnswerTokens), (usage.InputTokenCount, usage.OutputTokenCount));
        Assert.Equal("Stop", result.Metadata["FinishReason"]);
    }

    [Fact]
    public async Task Stream_IsTheWholeAnswer()
    {
        var chat = KernelAt(Service.Demo).GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory();
        history.AddUserMessage(Service.Question);
        var pieces = await chat.GetStreamingChatMessageContentsAsync(history, cancellationToken: Service.Cancelled)
            .ToListAsync(Service.Cancelled);

        Assert.Equal(Service.Answer, string.Concat(pieces.Select(piece => piece.Content)));
        Assert.Equal(Service.Model, pieces[0].ModelId);
        Assert.Contains(pieces, piece => piece.Metadata!["FinishReason"] is "Stop");
    }

    [Fact]
    public async Task Settings_AreHonoured()
    {
        var settings = new OpenAIPromptExecutionSettings
        {
            MaxTokens = 4,
            Seed = 3,
            Temperature = 0,
            TopP = 0.9,
            Logprobs = true,
            TopLogprobs = 2,
            User = "me",
        };
        var chat = KernelAt(Service.Demo).GetRequiredService<IChatCompletionService>();
        var answer = await chat.GetChatMessageContentAsync(Service.Question, settings, cancellationToken: Service.Cancelled);
        settings = new OpenAIPromptExecutionSettings { StopSequences = [" ="] };
        var stopped = await chat.GetChatMessageContentAsync(Service.Question, settings, cancellationToken: Service.Cancelled);

        Assert.Equal(("3 + 4", "Length"), (answer.Content, answer.Metadata!["FinishReason"]));
        var tokens = Assert.IsType<IReadOnlyList<OpenAI.Chat.ChatTokenLogProbabilityDetails>>(
            answer.Metadata["ContentTokenLogProbabilities"], exactMatch: false);
        Assert.Equal(["3", " +", " ", "4"], tokens.Select(token => token.Token));
        Assert.Equal("3 + 4", stopped.Content);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Functions_AreCalled(bool isStreamed)
    {
        var kernel = KernelAt(Service.Scripted);
        kernel.Plugins.AddFromObject(new Sums(), "sums");
        var settings = new OpenAIPromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory("be short");
        history.AddUserMessage("call sums-add {\"a\": 2, \"b\": 40}");
        var text = isStreamed
            ? string.Concat((await chat.GetStreamingChatMessageContentsAsync(history, settings, kernel, Service.Cancelled)
                .ToListAsync(Service.Cancelled)).Select(piece => piece.Content))
            : (await chat.GetChatMessageContentAsync(history, settings, kernel, Service.Cancelled)).Content;

        Assert.Equal("results: 42", text);
        Assert.Equal(
            [AuthorRole.System, AuthorRole.User, AuthorRole.Assistant, AuthorRole.Tool], history.Select(message => message.Role));
    }

    [Fact]
    public async Task Functions_ThatMustNotBeCalled_AreHidden()
    {
        var kernel = KernelAt(Service.Scripted);
        kernel.Plugins.AddFromObject(new Sums(), "sums");
        var settings = new OpenAIPromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.None() };
        var answer = await kernel.GetRequiredService<IChatCompletionService>()
            .GetChatMessageContentAsync("call sums-add {}", settings, kernel, Service.Cancelled);

        Assert.Equal("no tools", answer.Content);
    }

    [Fact]
    public async Task History_ReachesTheModel()
    {
        var chat = KernelAt(Service.Scripted).GetRequiredService<IChatCompletionService>();
        var history = new ChatHistory("be short");
        history.AddUserMessage("one");
        history.AddAssistantMessage("two");
        history.AddDeveloperMessage("be kind");
        history.AddUserMessage("roles");

        Assert.Equal(
            "system user assistant system user",
            (await chat.GetChatMessageContentAsync(history, cancellationToken: Service.Cancelled)).Content);
    }

    [Fact]
    public async Task Refusal_IsAnHttpError()
    {
        var chat = KernelAt(Service.Demo).GetRequiredService<IChatCompletionService>();
        var settings = new OpenAIPromptExecutionSettings { Temperature = -1 };
        var error = await Assert.ThrowsAsync<HttpOperationException>(
            () => chat.GetChatMessageContentAsync("x", settings, cancellationToken: Service.Cancelled));

        Assert.Equal(System.Net.HttpStatusCode.BadRequest, error.StatusCode);
        Assert.Contains("\"param\":\"temperature\"", error.ResponseContent, StringComparison.Ordinal);
    }

#pragma warning disable CA1822 // Semantic Kernel takes a plugin's methods from an object.
    private sealed class Sums
    {
        [KernelFunction("add")]
        [Description("Adds")]
        public int Add(int a, int b) => a + b;
    }
#pragma warning restore CA1822
}
