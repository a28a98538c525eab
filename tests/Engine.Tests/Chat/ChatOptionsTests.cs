using System.Reflection;
using System.Text.Json;
using AkkaCp.Engine.Chat;
using AkkaCp.Scheduling.Requests;
using Microsoft.Extensions.AI;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

/// <summary>Every option of the abstractions is honoured, or refused by its name.</summary>
public class ChatOptionsTests
{
    private const string Template =
        "{% if tools %}{{ tools | tojson }}{% endif %}{% if enable_thinking is defined %}<{{ enable_thinking }}>{% endif %}"
        + "{% if reasoning_effort is defined %}[{{ reasoning_effort }}]{% endif %}{% for m in messages %}{{ m.content }}{{ m.custom }};{% endfor %}";

    private static readonly AIFunction s_tool = AIFunctionFactory.Create(() => 1, "f");

    /// <summary>For each property, what shows that it is honoured; or, without a check,
    /// a value that is refused by the property's name.</summary>
    private static readonly (string Property, ChatOptions Options, Action<GenerationRequest>? Honoured)[] s_cases =
    [
        ("AdditionalProperties", With("min_p", 0.5), request => Assert.Equal(0.5f, request.Sampling.MinP)),
        ("AdditionalProperties", With("unknown_thing", 1), null),
        ("AdditionalProperties", With("logprobs", true), null),
        ("AdditionalProperties", With("logit_bias", new Dictionary<string, double> { ["3"] = -1 }),
            request => Assert.Equal(-1, request.Sampling.LogitBias![3])),
        ("AllowBackgroundResponses", new() { AllowBackgroundResponses = true }, request => Assert.NotNull(request.Messages)),
        // Allowed, not asked for.
        ("AllowMultipleToolCalls", new() { AllowMultipleToolCalls = true }, request => Assert.NotNull(request.Messages)),
        ("AllowMultipleToolCalls", new() { AllowMultipleToolCalls = false }, null),
        ("ContinuationToken", new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[1]) }, null),
        ("ConversationId", new() { ConversationId = "c" }, null),
        ("FrequencyPenalty", new() { FrequencyPenalty = 1 }, request => Assert.Equal(1, request.Sampling.FrequencyPenalty)),
        ("Instructions", new() { Instructions = "be brief" }, request => Assert.Equal("be brief", request.Messages![0].Content)),
        ("MaxOutputTokens", new() { MaxOutputTokens = 7 }, request => Assert.Equal(7, request.MaxTokens)),
        ("ModelId", new() { ModelId = "demo" }, request => Assert.NotNull(request.Messages)),
        ("ModelId", new() { ModelId = "another" }, null),
        ("PresencePenalty", new() { PresencePenalty = 1 }, request => Assert.Equal(1, request.Sampling.PresencePenalty)),
        ("RawRepresentationFactory", new() { RawRepresentationFactory = _ => new GenerationRequest { IgnoreEos = true } },
            request => Assert.True(request.IgnoreEos)),
        ("RawRepresentationFactory", new() { RawRepresentationFactory = _ => new object() }, null),
        ("Reasoning", new() { Reasoning = new() { Effort = ReasoningEffort.High } }, request => Assert.Equal("high", Effort(request))),
        ("Reasoning", new() { Reasoning = new() { Effort = ReasoningEffort.None } },
            request => Assert.Equal((false, null), (request.EnableThinking, Effort(request)))),
        ("Reasoning", new() { Reasoning = new() { Output = ReasoningOutput.Summary } }, null),
        ("ResponseFormat", new() { ResponseFormat = ChatResponseFormat.Text }, request => Assert.NotNull(request.Messages)),
        ("ResponseFormat", new() { ResponseFormat = ChatResponseFormat.Json }, null),
        ("Seed", new() { Seed = long.MaxValue }, request => Assert.Equal((ulong)long.MaxValue, request.Sampling.Seed)),
        ("StopSequences", new() { StopSequences = ["s"] }, request => Assert.Equal(["s"], request.Stop)),
        ("Temperature", new() { Temperature = 0.5f }, request => Assert.Equal(0.5f, request.Sampling.Temperature)),
        ("ToolMode", new() { Tools = [s_tool], ToolMode = ChatToolMode.None }, request => Assert.Empty(request.Tools)),
        ("ToolMode", new() { ToolMode = ChatToolMode.RequireAny }, null),
        ("ToolMode", new() { ToolMode = ChatToolMode.RequireSpecific("f") }, null),
        ("Tools", new() { Tools = [s_tool] }, request => Assert.Single(request.Tools)),
        ("Tools", new() { Tools = [new HostedWebSearchTool()] }, null),
        ("TopK", new() { TopK = 3 }, request => Assert.Equal(3, request.Sampling.TopK)),
        ("TopP", new() { TopP = 0.5f }, request => Assert.Equal(0.5f, request.Sampling.TopP)),
    ];

    [Fact]
    public void EveryPropertyOfTheAbstractions_HasACase() => Assert.Equal(
        typeof(ChatOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)
            .Select(property => property.Name).Order(StringComparer.Ordinal),
        s_cases.Select(one => one.Property).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public async Task EveryProperty_IsHonouredOrRefusedByName()
    {
        foreach (var (property, options, honoured) in s_cases)
        {
            var (engine, backend) = TestModel.Saying("x", TestModel.With(Template));
            using var client = new AkkaCpChatClient(engine);
            if (honoured is not null)
            {
                await client.GetResponseAsync("hi", options);
                honoured(ChatRequestMapping.ToRequest([new ChatMessage(ChatRole.User, "hi")], options, client));
                continue;
            }

            var error = await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", options));
            Assert.StartsWith(property, error.Message, StringComparison.Ordinal);
            Assert.Empty(backend.Requests);
        }
    }

    [Fact]
    public async Task WrongValues_AreNamed()
    {
        await Named("seed", new ChatOptions { Seed = -1 });
        await Named("seed", new ChatOptions { Seed = long.MinValue });
        await Named("temperature", new ChatOptions { Temperature = float.NaN });
        await Named("stop[1]", new ChatOptions { StopSequences = ["a", null!] });
        await Named("tools[0]", new ChatOptions { Tools = [null!] });
        await Named("reasoning.effort", new ChatOptions { Reasoning = new() { Effort = (ReasoningEffort)99 } });
        await Named("AdditionalProperties[\"min_p\"]", With("min_p", "much"));
        await Named("AdditionalProperties[\"min_p\"]", With("min_p", double.NaN));
        await Named("AdditionalProperties[\"min_p\"]", With("min_p", default(JsonElement)));
        await Named("AdditionalProperties[\"enable_thinking\"]", With("enable_thinking", 1));
        await Named("AdditionalProperties[\"logit_bias\"]", With("logit_bias", new Dictionary<string, int> { ["x"] = 1 }));
        await Named("logit_bias", With("logit_bias", new Dictionary<int, int> { [-1] = 1 }));
        await Named("AdditionalProperties[\"chat_template_kwargs\"]", With("chat_template_kwargs", 3));
        await Named("chat_template_kwargs[\"messages\"]", With("chat_template_kwargs", new { messages = 3 }));
        await Named("RawRepresentationFactory", new ChatOptions { RawRepresentationFactory = _ => new GenerationRequest { Prompt = "x" } });
        await Named("stop", new ChatOptions { RawRepresentationFactory = _ => new GenerationRequest { Stop = null! } });

        static async Task Named(string field, ChatOptions options) =>
            await AssertNamedAsync(field, [new ChatMessage(ChatRole.User, "hi")], options);
    }

    [Fact]
    public async Task NothingWhereAMessageMustBe_IsNamed()
    {
        await Named("messages[0]", null!);
        await Named("messages[0].contents", new ChatMessage { Contents = [null!] });
        await Named("messages[0].role", new ChatMessage(default, "hi"));
        await Named("messages[0].role", new ChatMessage(new ChatRole("wizard"), "hi"));
        await Named("arguments of the call of f", Calling(double.NaN));
        await Named("arguments of the call of f", Calling(typeof(string)));
        await Named("messages[0].result", new ChatMessage(ChatRole.Tool, [new FunctionResultContent("c", double.NaN)]));
        await Named(
            "messages[0][\"custom\"]", new ChatMessage(ChatRole.User, "hi") { AdditionalProperties = new() { ["custom"] = float.NaN } });
        await Named("messages[0].additional_keys[\"role\"]",
            new ChatMessage(ChatRole.User, "hi") { AdditionalProperties = new() { ["role"] = "x" } });

        static Task Named(string field, ChatMessage message) => AssertNamedAsync(field, [message], null);
        static ChatMessage Calling(object argument) =>
            new(ChatRole.Assistant, [new FunctionCallContent("c", "f", new Dictionary<string, object?> { ["a"] = argument })]);
    }

    [Fact]
    public async Task TemplateKwargs_ReachTheTemplate()
    {
        Assert.Equal(
            "<True>[low]hi;", await PromptOf(With("chat_template_kwargs", new { enable_thinking = true, reasoning_effort = "low" })));
        Assert.Equal("<False>[x]hi;",
            await PromptOf(new() { AdditionalProperties = new() { ["enable_thinking"] = false, ["reasoning_effort"] = "x" } }));
        Assert.Equal("<True>[xhigh]hi;", await PromptOf(new() { Reasoning = new() { Effort = ReasoningEffort.ExtraHigh } }));
        Assert.Equal("hi;", await PromptOf(With("enable_thinking", null)));
        Assert.Equal(
            "hi!;", await PromptOf(null, new ChatMessage(ChatRole.User, "hi") { AdditionalProperties = new() { ["custom"] = "!" } }));
    }

    [Fact]
    public async Task ReasoningOutputNone_LeavesTheAnswerAlone()
    {
        var (engine, _) = TestModel.Saying("<think>hm</think>42");
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi", new ChatOptions { Reasoning = new() { Output = ReasoningOutput.None } });

        Assert.DoesNotContain(response.Messages.SelectMany(message => message.Contents), content => content is TextReasoningContent);
        Assert.Equal("42", response.Text);
    }

    [Fact]
    public async Task ToolsThatTheTemplateDrops_StandInTheSystemMessage()
    {
        var (engine, backend) = TestModel.Saying("x");
        using var client = new AkkaCpChatClient(engine);

        await client.GetResponseAsync("hi", new ChatOptions { Tools = [s_tool], Instructions = "be kind" });

        var prompt = TestModel.Demo.Tokenizer.Decode(backend.Requests.Single().Tokens.AsSpan());
        Assert.Contains($"be kind\n\n# Tools", prompt, StringComparison.Ordinal);
        Assert.Contains($"\"name\":\"{s_tool.Name}\"", prompt, StringComparison.Ordinal);
    }

    private static async Task AssertNamedAsync(string field, ChatMessage[] messages, ChatOptions? options)
    {
        var (engine, backend) = TestModel.Saying("x", TestModel.With(Template));
        using var client = new AkkaCpChatClient(engine);

        var error = await Assert.ThrowsAsync<GenerationException>(() => client.GetResponseAsync(messages, options));

        Assert.Equal(FailureKind.Invalid, error.Kind);
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
        Assert.Empty(backend.Requests);
    }

    private static async Task<string> PromptOf(ChatOptions? options, ChatMessage? message = null)
    {
        var (engine, backend) = TestModel.Saying("x", TestModel.With(Template));
        using var client = new AkkaCpChatClient(engine);
        await client.GetResponseAsync([message ?? new ChatMessage(ChatRole.User, "hi")], options);
        return TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan());
    }

    private static string? Effort(GenerationRequest request) =>
        request.ChatTemplateKwargs.TryGetValue("reasoning_effort", out var effort) ? effort.GetString() : null;

    private static ChatOptions With(string key, object? value) => new() { AdditionalProperties = new() { [key] = value } };
}
