using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Generation;
using AkkaCp.Engine.Prompting;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Microsoft.Extensions.AI;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class AkkaCpChatClientTests
{
    private static readonly string s_coderTemplate =
        File.ReadAllText(Path.Combine(RepositoryFiles.Root, "tests", "Engine.Tests", "Chat", "coder.jinja"));

    private const string ToolTemplate =
        "{%- for t in tools or [] %}{{ t.function.name }};{% endfor %}" +
        "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content }}" +
        "{%- for c in m.tool_calls or [] %}{{- '[' + c.function.name + (c.function.arguments | tojson) + ']' }}{%- endfor %}" +
        "{{- '<|im_end|>\\n' }}{%- endfor %}<|im_start|>assistant\n";

    [Fact]
    public async Task WhiteSpaceAtTheEnd_ComesOnce()
    {
        var (engine, _) = TestModel.Saying("61 + \n ");
        using var client = new AkkaCpChatClient(engine);

        Assert.Equal("61 + \n ", (await client.GetResponseAsync("hi")).Text);
    }

    [Fact]
    public async Task Response_HasTextUsageReasonAndModel()
    {
        var (engine, backend) = TestModel.Saying("61 + 33 = 94\n#### 94");
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("How many?");

        Assert.Equal("61 + 33 = 94\n#### 94", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("demo", response.ModelId);
        Assert.Equal(backend.Requests[0].PromptLength, response.Usage!.InputTokenCount);
        Assert.Equal(response.Usage.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
    }

    [Fact]
    public async Task EveryOption_ReachesTheRequest()
    {
        var (engine, backend) = TestModel.Saying("x");
        using var client = new AkkaCpChatClient(engine);

        await client.GetResponseAsync("hi", new ChatOptions
        {
            Temperature = 0.5f,
            TopP = 0.8f,
            TopK = 20,
            Seed = 42,
            MaxOutputTokens = 9,
            PresencePenalty = 0.3f,
            FrequencyPenalty = 0.4f,
            AdditionalProperties = new() { ["min_p"] = 0.1, ["repetition_penalty"] = 1.1f, ["ignore_eos"] = true },
        });

        var (request, sampling) = (backend.Requests[0], backend.Requests[0].Sampling);
        Assert.Equal((0.5f, 0.8f, 20, 42ul), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.Seed));
        Assert.Equal((0.3f, 0.4f, 0.1f, 1.1f),
            (sampling.PresencePenalty, sampling.FrequencyPenalty, sampling.MinP, sampling.RepetitionPenalty));
        Assert.Equal(9, request.MaxNewTokens);
        Assert.Empty(request.StopTokens);
    }

    [Fact]
    public async Task Instructions_BecomeTheSystemMessage_BeforeTheConversationsOwn()
    {
        var (engine, backend) = TestModel.Saying("x");
        using var client = new AkkaCpChatClient(engine);

        await client.GetResponseAsync([new(ChatRole.System, "two"), new(ChatRole.User, "hi")],
            new ChatOptions { Instructions = "one" });

        Assert.Equal(
            "<|im_start|>system\none\n\ntwo<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
            TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan()));
    }

    [Fact]
    public async Task StopSequence_EndsTheAnswer()
    {
        var (engine, _) = TestModel.Saying("one two three");
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi", new ChatOptions { StopSequences = [" tw"] });

        Assert.Equal("one", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task LimitOfTokens_IsTheReasonLength()
    {
        var (engine, _) = TestModel.Saying("one two three four five six");
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi", new ChatOptions { MaxOutputTokens = 2 });

        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal(2, response.Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task ThinkBlock_BecomesReasoning()
    {
        var (engine, _) = TestModel.Saying("<think>\nlet me see\n</think>\n\n42");
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi");

        var contents = response.Messages.Single().Contents;
        Assert.Equal("let me see", string.Concat(contents.OfType<TextReasoningContent>().Select(thought => thought.Text)));
        Assert.Equal("42", response.Text);
    }

    [Fact]
    public async Task ThinkBlockThatThePromptOpened_IsReasoningFromTheFirstWord()
    {
        var (engine, _) = TestModel.Saying("let me see</think>42",
            TestModel.With("<|im_start|>{{ messages[0].content }}<|im_end|><think>\n"));
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi");

        Assert.Equal("let me see",
            string.Concat(response.Messages.Single().Contents.OfType<TextReasoningContent>().Select(t => t.Text)));
        Assert.Equal("42", response.Text);
    }

    [Fact]
    public async Task TagsThatTheTokenizerCallsSpecial_CountAllTheSame()
    {
        using var copy = new ModelCopy().Change("tokenizer.json", json =>
        {
            foreach (var (i, tag) in ((string[])["<think>", "</think>", "<tool_call>", "</tool_call>"]).Index())
            {
                json["added_tokens"]!.AsArray()
                    .Add(new JsonObject { ["id"] = TestModel.End + 1 + i, ["content"] = tag, ["special"] = true });
            }
        });
        var tokenizer = Tokenizer.Load(copy.Path);
        var model = TestModel.Demo with
        {
            Tokenizer = tokenizer,
            Prompts = new PromptEncoder(
                tokenizer, ChatTemplate.Parse("<|im_start|>{{ messages[0].content ~ tools | length }}<|im_end|><think>\n")),
            VocabSize = tokenizer.VocabSize,
        };
        var backend = new FakeBackend(
            [.. tokenizer.Encode("let me see\n</think>\n\n42<|im_start|>\n<tool_call>{\"name\": \"f\"}</tool_call>"), TestModel.End]);
        using var client = new AkkaCpChatClient(TestModel.Engine(backend, model));

        var response = await client.GetResponseAsync("hi", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "f")] });

        var contents = response.Messages.Single().Contents;
        Assert.Equal("let me see", string.Concat(contents.OfType<TextReasoningContent>().Select(thought => thought.Text)));
        Assert.Equal("42", response.Text);
        Assert.Equal("f", Assert.Single(contents.OfType<FunctionCallContent>()).Name);
    }

    [Fact]
    public async Task ToolCall_BecomesFunctionCallContent()
    {
        var (engine, backend) = TestModel.Saying(
            "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": \"x\"}}\n</tool_call>",
            TestModel.With(ToolTemplate));
        using var client = new AkkaCpChatClient(engine);
        var tool = AIFunctionFactory.Create((int a, string b) => a, "add", "adds");

        var response = await client.GetResponseAsync("hi", new ChatOptions { Tools = [tool] });

        var call = Assert.Single(response.Messages.Single().Contents.OfType<FunctionCallContent>());
        Assert.Equal("add", call.Name);
        Assert.Equal(1, ((JsonElement)call.Arguments!["a"]!).GetInt32());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        Assert.StartsWith("add;", TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CallsAndResultsOfEarlierTurns_ReachTheTemplate()
    {
        var (engine, backend) = TestModel.Saying("3", TestModel.With(ToolTemplate));
        using var client = new AkkaCpChatClient(engine);

        await client.GetResponseAsync(
        [
            new(ChatRole.User, "1+2?"),
            new(ChatRole.Assistant, [new FunctionCallContent("c1", "add", new Dictionary<string, object?> { ["a"] = 1 })]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", 3)]),
        ]);

        Assert.Equal(
            "<|im_start|>user\n1+2?<|im_end|>\n<|im_start|>assistant\n[add{\"a\": 1}]<|im_end|>\n<|im_start|>tool\n3<|im_end|>\n<|im_start|>assistant", // Jinja drops the last line break.
            TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan()));
    }

    [Fact]
    public async Task CallInTags_IsReadWhereTheTemplateTeachesIt()
    {
        const string Call =
            "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n<parameter=b>\n2\n</parameter>\n</function>\n</tool_call>";
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create((int a, string b) => a, "add")] };

        var taught = await Ask(TestModel.With(s_coderTemplate));
        var call = Assert.Single(taught.Messages.Single().Contents.OfType<FunctionCallContent>());
        Assert.Equal((1, "2"), (((JsonElement)call.Arguments!["a"]!).GetInt32(), ((JsonElement)call.Arguments["b"]!).GetString()));
        Assert.Equal("", taught.Text);
        Assert.Equal(ChatFinishReason.ToolCalls, taught.FinishReason);
        Assert.Equal(Call, (await Ask(TestModel.With(ToolTemplate))).Text);

        async Task<ChatResponse> Ask(ModelAssets model)
        {
            using var client = new AkkaCpChatClient(TestModel.Saying(Call, model).Engine);
            return await client.GetResponseAsync("hi", options);
        }
    }

    [Fact]
    public async Task CallsOfAnAnswer_GoBackIntoTheConversation()
    {
        const string Answer = "<tool_call>\n<function=find>\n<parameter=where>\n{\"x\": 1, \"x\": [null, true]}\n</parameter>" +
                "\n<parameter=what>\n<b>\n</parameter>\n</function>" +
                "\n</tool_call>\n" +
            "<tool_call>\n{\"name\": \"find\", \"arguments\": {\"what\": \"\\ud83d\", \"where\": {\"y\": 1, \"y\": 2}}}\n</tool_call>";
        var model = TestModel.With(s_coderTemplate);
        var options =
            new ChatOptions { Tools = [AIFunctionFactory.Create((string what, Dictionary<string, JsonElement> where) => what, "find")] };
        using var client = new AkkaCpChatClient(TestModel.Saying(Answer, model).Engine);
        List<ChatMessage> conversation = [new(ChatRole.User, "hi")];
        conversation.AddMessages(await client.GetResponseAsync(conversation, options));
        var ids = conversation[1].Contents.OfType<FunctionCallContent>().Select(call => call.CallId).ToList();
        conversation.AddRange(ids.Select(id => new ChatMessage(ChatRole.Tool, [new FunctionResultContent(id, 3)])));

        var (engine, backend) = TestModel.Saying("3", model);
        using var next = new AkkaCpChatClient(engine);
        await next.GetResponseAsync(conversation, options);

        Assert.Equal(2, ids.Distinct().Count());
        Assert.Contains(
            "<|im_start|>assistant\n<tool_call>\n<function=find>\n<parameter=where>\n{\"x\": [null, true]}\n</parameter>" +
                "\n<parameter=what>\n<b>\n</parameter>\n</function>" +
                "\n</tool_call>\n" +
            "<tool_call>\n<function=find>\n<parameter=what>\n\uFFFD\n</parameter>" +
                "\n<parameter=where>\n{\"y\": 2}\n</parameter>\n</function>" +
                "\n</tool_call><|im_end|>\n" +
            "<|im_start|>tool\n3<|im_end|>\n",
            TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ArgumentsWithAKeyTwice_OfAnEarlierTurn_AreNoMistake()
    {
        var (engine, backend) = TestModel.Saying("3", TestModel.With(ToolTemplate));
        var arguments =
            new Dictionary<string, object?> { ["o"] = JsonDocument.Parse("{\"a\": 1, \"b\": \"\\ud83d\", \"a\": 2}").RootElement };
        using var client = new AkkaCpChatClient(engine);

        await client.GetResponseAsync([new(ChatRole.User, "hi"), new(ChatRole.Assistant, [new FunctionCallContent("c1", "f", arguments)])]);

        Assert.Contains(
            "[f{\"o\": {\"a\": 2, \"b\": \"\uFFFD\"}}]", TestModel.Demo.Tokenizer.Decode(backend.Requests[0].Tokens.AsSpan()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void ArgumentsInATextOfJson_ReachATemplateThatWritesThemOneByOne()
    {
        var engine = TestModel.Engine(new FakeBackend(), TestModel.With(s_coderTemplate));
        var arguments = JsonSerializer.SerializeToElement("{\"a\": [1], \"b\": \"x\"}");

        var prompt = engine.Encode(new GenerationRequest
        {
            Messages = [new PromptMessage("user", "hi"),
                new PromptMessage("assistant", "") { ToolCalls = [new PromptToolCall("1", "f", arguments)] }],
        });

        Assert.Contains(
            "<function=f>\n<parameter=a>\n[1]\n</parameter>\n<parameter=b>\nx\n</parameter>\n</function>",
            TestModel.Demo.Tokenizer.Decode(prompt.Tokens.AsSpan()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MalformedToolCall_IsShownAsTheModelWroteIt()
    {
        var (engine, _) = TestModel.Saying("<tool_call>not json</tool_call>", TestModel.With(ToolTemplate));
        using var client = new AkkaCpChatClient(engine);

        var response = await client.GetResponseAsync("hi", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "f")] });

        Assert.Equal("<tool_call>not json</tool_call>", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task WhatTheEngineCannotDo_IsRefusedByName()
    {
        var (engine, _) = TestModel.Saying("x");
        using var client = new AkkaCpChatClient(engine);

        await Refused("ResponseFormat", new ChatOptions { ResponseFormat = ChatResponseFormat.Json });
        await Refused("ToolMode", new ChatOptions { ToolMode = ChatToolMode.RequireAny });
        await Refused("ConversationId", new ChatOptions { ConversationId = "c" });
        var error = await Assert.ThrowsAsync<NotSupportedException>(
            () => client.GetResponseAsync([new(ChatRole.User, [new DataContent(new byte[1], "image/png")])]));
        Assert.Contains("DataContent", error.Message, StringComparison.Ordinal);

        async Task Refused(string name, ChatOptions options) => Assert.StartsWith(
            name, (await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("x", options))).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvalidNumbers_ThrowTheEnginesException()
    {
        var (engine, _) = TestModel.Saying("x");
        using var client = new AkkaCpChatClient(engine);

        var error = await Assert.ThrowsAsync<GenerationException>(() =>
            client.GetResponseAsync("x", new ChatOptions { Temperature = -1 }));

        Assert.Equal(FailureKind.Invalid, error.Kind);
    }

    [Fact]
    public void Services_AreTheClientAndItsMetadata()
    {
        var engine = TestModel.Engine(new FakeBackend());
        using var client = new AkkaCpChatClient(engine);

        Assert.Same(engine, client.GetService(typeof(InferenceEngine)));
        Assert.Equal("akka-cp", ((ChatClientMetadata)client.GetService(typeof(ChatClientMetadata))!).ProviderName);
        Assert.Same(client, client.GetService(typeof(IChatClient)));
        Assert.Equal("demo", ((ChatClientMetadata)client.GetService(typeof(ChatClientMetadata))!).DefaultModelId);
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
        Assert.Null(client.GetService(typeof(string)));
    }
}
