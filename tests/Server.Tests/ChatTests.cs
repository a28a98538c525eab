using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

public class ChatTests(DemoService service)
{
    [Fact]
    public async Task Answers_AreTheSameStreamedWholeAndRepeated()
    {
        var random = new Random(71);
        for (var i = 0; i < 60; i++)
        {
            var body = Draws.Chat(random);
            var whole = Chat.Comparable(await service.Client.AskAsync(Chat.Path, body));
            var streamed = Chat.Assemble(await StreamAsync(body), (int?)body["n"] ?? 1);
            var again = Chat.Comparable(await service.Client.AskAsync(Chat.Path, body));

            Assert.True(whole == streamed && whole == again, $"{body.ToJsonString()}\n{whole}\n{streamed}\n{again}");
        }
    }

    [Fact]
    public async Task Cluster_IsOneNodeInOneProcess()
    {
        var (_, cluster) = await service.Client.GetAsync("/v1/cluster");

        Assert.Equal(("serving", 1, 2), ((string)cluster["phase"]!, (long)cluster["epoch"]!, (int)cluster["world_size"]!));
        var node = Assert.Single(cluster["nodes"]!.AsArray())!;
        Assert.Equal([0, 1], node["ranks"]!.AsArray().Select(rank => (int)rank!));
        Assert.InRange((int)cluster["kv_blocks_free"]!, 1, (int)cluster["kv_blocks"]!);
    }

    [Fact]
    public async Task Content_IsTheTextOfItsTokens()
    {
        for (var tokens = 1; tokens <= 24; tokens++)
        {
            var body = Chat.Ask(
                "Ada has 61 shells. Ivan gives Ada 33 more.", ("temperature", 0), ("logprobs", true), ("max_tokens", tokens));
            var choice = (await service.Client.AskAsync(Chat.Path, body))["choices"]![0]!;
            var bytes = choice["logprobs"]!["content"]!.AsArray()
                .SelectMany(token => token!["bytes"]!.AsArray()).Select(value => (byte)value!);

            Assert.Equal(Encoding.UTF8.GetString([.. bytes]), (string)choice["message"]!["content"]!);
        }
    }

    [Fact]
    public async Task Choices_AreTheAnswersOfTheNextSeeds()
    {
        var body = Chat.Ask("tell me", ("n", 3), ("seed", 11), ("temperature", 1.5), ("max_tokens", 12), ("logprobs", true),
            ("ignore_eos", true));
        var three = await service.Client.AskAsync(Chat.Path, body);
        Assert.Equal([0, 1, 2], three["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
        var texts = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            body["n"] = 1;
            body["seed"] = 11 + i;
            var one = await service.Client.AskAsync(Chat.Path, body);
            one["choices"]![0]!["index"] = i;
            Assert.Equal(one["choices"]![0]!.ToJsonString(), three["choices"]![i]!.ToJsonString());
            texts.Add((string)one["choices"]![0]!["message"]!["content"]!);
        }

        Assert.True(texts.Count > 1, "all choices are the same");
        Assert.Equal(36, (int)three["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task WithoutSeed_AnswersAreRandom()
    {
        var body = Chat.Ask("tell me", ("temperature", 5), ("max_tokens", 12));
        var first = await service.Client.AskAsync(Chat.Path, body);
        var second = await service.Client.AskAsync(Chat.Path, body);

        Assert.NotEqual(Chat.Comparable(first), Chat.Comparable(second));
    }

    [Fact]
    public async Task Answer_HasWhatStrictClientsWant()
    {
        var answer = (await service.Client.AskAsync(Chat.Path, Chat.Ask("hi", ("max_tokens", 2), ("seed", 1)))).AsObject();

        Assert.Equal(["id", "object", "created", "model", "choices", "usage"], answer.Select(field => field.Key));
        var choice = answer["choices"]![0]!.AsObject();
        Assert.Equal(["index", "message", "logprobs", "finish_reason"], choice.Select(field => field.Key));
        Assert.Null(choice["logprobs"]);
        Assert.Equal(["role", "content", "refusal"], choice["message"]!.AsObject().Select(field => field.Key));
        Assert.Equal("chat.completion", (string)answer["object"]!);
    }

    [Fact]
    public async Task SpaceThatWaitsForAWord_ComesOnce_WhereTheAnswerIsCut()
    {
        var body = Chat.Ask("What is 3 + 4?", ("max_tokens", 3), ("logprobs", true));
        var choice = (await service.Client.AskAsync(Chat.Path, body))["choices"]![0]!;
        var tokens = choice["logprobs"]!["content"]!.AsArray().Select(token => (string)token!["token"]!);

        Assert.Equal("3 + ", (string)choice["message"]!["content"]!);
        Assert.Equal("3 + ", string.Concat(tokens));
        Assert.Equal(Chat.Comparable(await service.Client.AskAsync(Chat.Path, body)), Chat.Assemble(await StreamAsync(body), 1));
    }

    [Fact]
    public async Task Chunks_HaveNoUsage_UnlessItIsAskedFor()
    {
        var chunks = await service.Client.StreamAsync(Chat.Path, Chat.Ask("hi", ("max_tokens", 3)));

        Assert.All(chunks, chunk => Assert.False(chunk.AsObject().ContainsKey("usage")));
        Assert.All(chunks, chunk => Assert.Single(chunk["choices"]!.AsArray()));
        var pieces = chunks.Select(chunk => chunk["choices"]![0]!.AsObject()).ToList();
        Assert.All(pieces, piece => Assert.True(piece.ContainsKey("logprobs") && piece.ContainsKey("finish_reason")));
    }

    [Fact]
    public async Task Progress_ComesWhereItIsAskedFor()
    {
        var chunks = await service.Client.StreamAsync(
            Chat.Path, Chat.Ask(string.Concat(Enumerable.Repeat("word ", 300)), ("max_tokens", 3), ("return_progress", true)));

        var progress = chunks.Select(chunk => chunk["prompt_progress"]).Where(told => told is not null).ToList();
        Assert.NotEmpty(progress);
        Assert.Equal((int)progress[^1]!["total"]!, (int)progress[^1]!["processed"]!);
    }

    [Fact]
    public async Task Parts_AreTheText_AndDeveloperIsSystem()
    {
        var parts = await service.Client.AskAsync("/apply-template", JsonNode.Parse(
            """
            {"messages":[{"role":"developer","content":"be kind"},
              {"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}]}
            """)!);
        var plain = await service.Client.AskAsync("/apply-template", JsonNode.Parse(
            """{"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"one\ntwo"}]}""")!);

        Assert.Equal((string)plain["prompt"]!, (string)parts["prompt"]!);
        Assert.Contains("be kind", (string)parts["prompt"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HarmlessFields_ChangeNothing()
    {
        var body = Chat.Ask("hi", ("max_tokens", 6), ("seed", 3));
        var plain = Chat.Comparable(await service.Client.AskAsync(Chat.Path, body));
        body["store"] = true;
        body["metadata"] = new JsonObject { ["a"] = "b" };
        body["user"] = "me";
        body["safety_identifier"] = "me";
        body["prompt_cache_key"] = "k";
        body["prediction"] = new JsonObject { ["type"] = "content", ["content"] = "x" };
        body["service_tier"] = "auto";
        body["verbosity"] = "low";
        body["stop"] = null;
        body["tools"] = new JsonArray();
        body["logit_bias"] = new JsonObject();

        Assert.Equal(plain, Chat.Comparable(await service.Client.AskAsync(Chat.Path, body)));
    }

    [Fact]
    public async Task ControlTokens_InWhatUsersSay_AreText()
    {
        var text = "\u0000 \u202e <|im_end|> \u200b";
        var answer = await service.Client.AskAsync("/apply-template", Chat.Ask(text));
        var ids = answer["tokens"]!.AsArray().Count;
        var plain = (await service.Client.AskAsync("/apply-template", Chat.Ask("x")))["tokens"]!.AsArray().Count;
        var end = (await service.Client.AskAsync("/tokenize", new JsonObject { ["content"] = "<|im_end|>" }))["count"]!;

        Assert.Equal(1, (int)end);
        Assert.True(ids > plain + 10, $"{ids} {plain}");
        using var surrogate = await service.Client.PostAsync(
            Chat.Path, """{"messages":[{"role":"user","content":"a\ud800b"}],"max_tokens":1}""", TestContext.Current.CancellationToken);
        Assert.True(surrogate.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Tokens_GoThereAndBack()
    {
        var text = "count to 3, 日本 😀";
        var tokens = (await service.Client.AskAsync("/tokenize", new JsonObject { ["prompt"] = text }))["tokens"]!;
        var back = await service.Client.AskAsync("/detokenize", new JsonObject { ["tokens"] = tokens.DeepClone() });

        Assert.Equal(text, (string)back["content"]!);
    }

    private Task<List<JsonNode>> StreamAsync(JsonObject body)
    {
        var asked = body.DeepClone();
        asked["stream_options"] = new JsonObject { ["include_usage"] = true };
        return service.Client.StreamAsync(Chat.Path, asked);
    }
}
