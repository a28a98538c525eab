using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>NuGet's <c>Microsoft.Extensions.AI.OpenAI</c>: the chat client of .NET's own abstractions.</summary>
public class ExtensionsChatTests
{
    private static readonly ChatMessage[] s_ask = [new(ChatRole.User, Service.Question)];

    private static IChatClient Demo => Service.Chat(Service.Demo).AsIChatClient();

    private static IChatClient Scripted => Service.Chat(Service.Scripted).AsIChatClient();

    [Fact]
    public async Task Response_HasTextReasonUsageAndNames()
    {
        var response = await Demo.GetResponseAsync(s_ask, cancellationToken: Service.Cancelled);

        Assert.Equal((Service.Answer, ChatFinishReason.Stop), (response.Text, response.FinishReason));
        Assert.Equal((Service.Model, ChatRole.Assistant), (response.ModelId, Assert.Single(response.Messages).Role));
        Assert.StartsWith("chatcmpl-", response.ResponseId, StringComparison.Ordinal);
        Assert.NotNull(response.CreatedAt);
        AssertUsage(response.Usage);
    }

    [Fact]
    public async Task Updates_AddUpToTheResponse()
    {
        var updates = await Demo.GetStreamingResponseAsync(s_ask, cancellationToken: Service.Cancelled).ToListAsync(Service.Cancelled);
        var response = updates.ToChatResponse();

        Assert.Equal((Service.Answer, ChatFinishReason.Stop), (response.Text, response.FinishReason));
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>());
        AssertUsage(response.Usage);
    }

    [Fact]
    public async Task Options_AreHonoured()
    {
        var options = new ChatOptions { MaxOutputTokens = 4, Seed = 3, Temperature = 0, TopP = 0.9f, StopSequences = ["never"] };
        var cut = await Demo.GetResponseAsync(s_ask, options, Service.Cancelled);
        options.StopSequences = [" ="];
        options.MaxOutputTokens = null;
        var stopped = await Demo.GetResponseAsync(s_ask, options, Service.Cancelled);

        Assert.Equal(("3 + 4", ChatFinishReason.Length, 4L), (cut.Text, cut.FinishReason, cut.Usage?.OutputTokenCount));
        Assert.Equal(("3 + 4", ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));
    }

    [Fact]
    public async Task Seeds_NameAnswers()
    {
        async Task<string> TextAsync(long? seed) => (await Demo.GetResponseAsync(
            "tell me", new ChatOptions { Seed = seed, Temperature = 2, MaxOutputTokens = 24 }, Service.Cancelled)).Text;

        Assert.Equal(await TextAsync(7), await TextAsync(7));
        Assert.NotEqual(await TextAsync(7), await TextAsync(8));
    }

    [Fact]
    public async Task History_GrowsByMessagesAndByUpdates()
    {
        List<ChatMessage> history = [new(ChatRole.System, "be short"), new(ChatRole.User, "one")];
        history.AddMessages(await Scripted.GetResponseAsync(history, cancellationToken: Service.Cancelled));
        history.Add(new(ChatRole.User, "two"));
        var updates = Scripted.GetStreamingResponseAsync(history, cancellationToken: Service.Cancelled);
        await history.AddMessagesAsync(updates, cancellationToken: Service.Cancelled);
        history.Add(new(ChatRole.User, "roles"));
        var response = await Scripted.GetResponseAsync(history, cancellationToken: Service.Cancelled);

        Assert.Equal(["be short", "one", "one", "two", "two", "roles"], history.Select(message => message.Text));
        Assert.Equal("system user assistant user assistant user", response.Text);
    }

    [Fact]
    public async Task Usage_AddsUpOverRequests()
    {
        var sum = new UsageDetails();
        sum.Add((await Demo.GetResponseAsync(s_ask, cancellationToken: Service.Cancelled)).Usage!);
        sum.Add((await Demo.GetResponseAsync(s_ask, cancellationToken: Service.Cancelled)).Usage!);

        Assert.Equal(
            (2 * Service.PromptTokens, 2 * Service.AnswerTokens, 2 * (Service.PromptTokens + Service.AnswerTokens)),
            (sum.InputTokenCount, sum.OutputTokenCount, sum.TotalTokenCount));
    }

    [Fact]
    public async Task Prompt_ThatWasComputed_IsCountedAsCached_AndTheAnswerIsTheSame()
    {
        var prompt = $"{Guid.NewGuid()} {string.Concat(Enumerable.Repeat("one more word ", 60))}";
        var options = new ChatOptions { MaxOutputTokens = 12 };
        var cold = await Demo.GetResponseAsync(prompt, options, Service.Cancelled);
        var warm = await Demo.GetStreamingResponseAsync(prompt, options, Service.Cancelled).ToChatResponseAsync(Service.Cancelled);

        Assert.Equal(0, cold.Usage!.CachedInputTokenCount);
        Assert.InRange(warm.Usage!.CachedInputTokenCount!.Value, warm.Usage.InputTokenCount!.Value / 2, warm.Usage.InputTokenCount.Value);
        Assert.Equal((cold.Text, cold.Usage.TotalTokenCount), (warm.Text, warm.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task EmptyMessages_AreTurnsWithoutText()
    {
        ChatMessage[] messages =
            [new(ChatRole.System, []), new(ChatRole.User, []), new(ChatRole.Assistant, []), new(ChatRole.User, "roles")];
        var response = await Scripted.GetResponseAsync(messages, cancellationToken: Service.Cancelled);
        var streamed = await Scripted.GetStreamingResponseAsync(messages, cancellationToken: Service.Cancelled)
            .ToChatResponseAsync(Service.Cancelled);

        Assert.Equal(("system user assistant user", response.Text), (response.Text, streamed.Text));
    }

    [Fact]
    public async Task Instructions_AreTheSystemMessage()
    {
        var response = await Scripted.GetResponseAsync("roles", new ChatOptions { Instructions = "be short" }, Service.Cancelled);

        Assert.Equal("system user", response.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Functions_AreInvoked_AndTheirResultsAnswered(bool isStreamed)
    {
        var asked = new List<(int, int)>();
        var add = AIFunctionFactory.Create((int a, int b) =>
        {
            asked.Add((a, b));
            return a + b;
        }, "add");
        var text = AIFunctionFactory.Create((string text) => text.Length, "length");
        using var client = Scripted.AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [add, text], ToolMode = ChatToolMode.Auto };
        const string ask = "call add {\"a\": 2, \"b\": 40}\ncall length {\"text\": \"日本 x\"}";
        var response = isStreamed
            ? await client.GetStreamingResponseAsync(ask, options, Service.Cancelled).ToChatResponseAsync(Service.Cancelled)
            : await client.GetResponseAsync(ask, options, Service.Cancelled);

        Assert.Equal([(2, 40)], asked);
        Assert.EndsWith("results: 42, 4", response.Text, StringComparison.Ordinal);
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(message => message.Role));
        var calls = response.Messages[0].Contents.OfType<FunctionCallContent>().ToList();
        var results = response.Messages[1].Contents.OfType<FunctionResultContent>().ToList();
        Assert.Equal(["add", "length"], calls.Select(call => call.Name));
        Assert.Equal(calls.Select(call => call.CallId), results.Select(result => result.CallId));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task Function_ThatFails_IsTold()
    {
        var broken = AIFunctionFactory.Create(new Func<string>(() => throw new InvalidOperationException("broken")), "broken");
        using var client = Scripted.AsBuilder().UseFunctionInvocation().Build();
        var response = await client.GetResponseAsync("call broken {}", new ChatOptions { Tools = [broken] }, Service.Cancelled);

        Assert.StartsWith("results: Error", response.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ToolMode_None_HidesTools()
    {
        var add = AIFunctionFactory.Create((int a, int b) => a + b, "add");
        var response = await Scripted.GetResponseAsync(
            "call add {}", new ChatOptions { Tools = [add], ToolMode = ChatToolMode.None }, Service.Cancelled);

        Assert.Equal("no tools", response.Text);
    }

    [Fact]
    public async Task Cache_AnswersTheSecondTime_WholeAndStreamed()
    {
        var cache = new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()));
        using var client = Demo.AsBuilder().UseDistributedCache(cache).Build();
        var options = new ChatOptions { Temperature = 2, MaxOutputTokens = 24 };
        var first = await client.GetResponseAsync("tell me", options, Service.Cancelled);
        var second = await client.GetResponseAsync("tell me", options, Service.Cancelled);
        var streamed = await client.GetStreamingResponseAsync("tell it", options, Service.Cancelled).ToChatResponseAsync(Service.Cancelled);
        var again = await client.GetStreamingResponseAsync("tell it", options, Service.Cancelled).ToChatResponseAsync(Service.Cancelled);

        Assert.Equal(
            (first.ResponseId, first.Text, first.Usage!.OutputTokenCount),
            (second.ResponseId, second.Text, second.Usage!.OutputTokenCount));
        Assert.Equal((streamed.ResponseId, streamed.Text), (again.ResponseId, again.Text));
    }

    [Fact]
    public async Task Telemetry_CountsWhatUsageCounts()
    {
        const string source = "clients";
        var spans = new List<Activity>();
        var metrics = new List<Metric>();
        using var tracing = Sdk.CreateTracerProviderBuilder().AddSource(source).AddInMemoryExporter(spans).Build();
        using var measuring = Sdk.CreateMeterProviderBuilder().AddMeter(source).AddInMemoryExporter(metrics).Build();
        using var client = Demo.AsBuilder().UseOpenTelemetry(sourceName: source).Build();
        await client.GetResponseAsync(s_ask, new ChatOptions { ModelId = Service.Model }, Service.Cancelled);
        await client.GetStreamingResponseAsync(s_ask, cancellationToken: Service.Cancelled).ToListAsync(Service.Cancelled);
        measuring.ForceFlush();

        Assert.Equal(2, spans.Count);
        Assert.All(spans, span =>
        {
            Assert.Equal(Service.Model, span.GetTagItem("gen_ai.response.model"));
            Assert.Equal(Service.PromptTokens, Convert.ToInt32(span.GetTagItem("gen_ai.usage.input_tokens")));
            Assert.Equal(Service.AnswerTokens, Convert.ToInt32(span.GetTagItem("gen_ai.usage.output_tokens")));
            Assert.Equal("[\"stop\"]", span.GetTagItem("gen_ai.response.finish_reasons"));
            Assert.NotEqual(ActivityStatusCode.Error, span.Status);
        });
        Assert.Contains(metrics, metric => metric.Name == "gen_ai.client.token.usage");
        Assert.Contains(metrics, metric => metric.Name == "gen_ai.client.operation.duration");
    }

    [Fact]
    public async Task Leaving_Throws()
    {
        using var leave = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in Demo.GetStreamingResponseAsync("tell me", new ChatOptions { Temperature = 2 }, leave.Token))
                await leave.CancelAsync();
        });
    }

    [Fact]
    public async Task Details_OfTheService_AreKept()
    {
        var metadata = Demo.GetService<ChatClientMetadata>();
        var raw = (await Demo.GetResponseAsync(s_ask, cancellationToken: Service.Cancelled)).RawRepresentation;

        Assert.Equal((Service.Model, Service.Demo), (metadata?.DefaultModelId, metadata?.ProviderUri));
        Assert.Equal(Service.Answer, Assert.IsType<OpenAI.Chat.ChatCompletion>(raw).Content[0].Text);
    }

    private static void AssertUsage(UsageDetails? usage) => Assert.Equal(
        (Service.PromptTokens, Service.AnswerTokens, Service.PromptTokens + Service.AnswerTokens),
        (usage?.InputTokenCount, usage?.OutputTokenCount, usage?.TotalTokenCount));
}
