using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

public class CompletionTests(DemoService service)
{
    private const string Path = "/v1/completions";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_AreTheAnswersOfTheirPrompts_StreamedAndWhole()
    {
        var body = Ask(new JsonArray("3 + 4 =", "count to"), ("n", 2), ("logprobs", 2), ("stream_options", null));
        var batch = await service.Client.AskAsync(Path, body);
        var choices = batch["choices"]!.AsArray();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => (int)choice!["index"]!));
        foreach (var (index, prompt) in new[] { "3 + 4 =", "count to" }.Index())
        {
            var one = await service.Client.AskAsync(Path, Ask(prompt, ("n", 2), ("logprobs", 2)));
            for (var n = 0; n < 2; n++)
                Assert.Equal(WithoutIndex(one["choices"]![n]!), WithoutIndex(choices[(2 * index) + n]!));
        }

        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        var chunks = await service.Client.StreamAsync(Path, body);
        Assert.Equal((int)batch["usage"]!["total_tokens"]!, (int)chunks[^1]["usage"]!["total_tokens"]!);
        for (var index = 0; index < 4; index++)
            Assert.Equal(choices[index]!.ToJsonString(), Assemble(chunks, index));
    }

    [Fact]
    public async Task Tokens_AreAPrompt_LikeTheirText()
    {
        var tokens = (await service.Client.AskAsync("/tokenize", new JsonObject { ["content"] = "3 + 4 =" }))["tokens"]!;
        var text = await service.Client.AskAsync(Path, Ask("3 + 4 ="));
        var ids = await service.Client.AskAsync(Path, Ask(tokens.DeepClone()));
        var batch = await service.Client.AskAsync(Path, Ask(new JsonArray(tokens.DeepClone())));

        Assert.Equal(text["choices"]!.ToJsonString(), ids["choices"]!.ToJsonString());
        Assert.Equal(text["choices"]!.ToJsonString(), batch["choices"]!.ToJsonString());
        Assert.Equal(["id", "object", "created", "model", "choices", "usage"], text.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task TextIsRaw_AndSixteenTokensUnlessMoreAreAskedFor()
    {
        var body = new JsonObject { ["prompt"] = "<think>", ["ignore_eos"] = true, ["logprobs"] = 0 };
        var answer = await service.Client.AskAsync(Path, body);

        Assert.Equal(16, (int)answer["usage"]!["completion_tokens"]!);
        Assert.Equal("length", (string)answer["choices"]![0]!["finish_reason"]!);
    }

    [Theory]
    [InlineData("{}", "prompt")]
    [InlineData("""{"prompt":[]}""", "prompt")]
    [InlineData("""{"prompt":7}""", "prompt")]
    [InlineData("""{"prompt":""}""", "prompt")]
    [InlineData("""{"prompt":[1,"a"]}""", "prompt[1]")]
    [InlineData("""{"prompt":["a",1]}""", "prompt[1]")]
    [InlineData("""{"prompt":[[1],[1.5]]}""", "prompt[1][0]")]
    [InlineData("""{"prompt":[99999999]}""", "prompt")]
    [InlineData("""{"prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"prompt":"a","echo":true}""", "echo")]
    [InlineData("""{"prompt":"a","best_of":2}""", "best_of")]
    [InlineData("""{"prompt":"a","logprobs":21}""", "logprobs")]
    [InlineData("""{"prompt":"a","messages":[]}""", "messages")]
    public async Task WrongBody_IsNamed(string body, string param)
    {
        using var answer = await service.Client.PostAsync(Path, body, Cancelled);
        var error = (await ApiClient.BodyAsync(answer))["error"]!;

        Assert.True(HttpStatusCode.BadRequest == answer.StatusCode, error.ToJsonString());
        Assert.True(param == (string?)error["param"], error.ToJsonString());
    }

    private static JsonObject Ask(JsonNode prompt, params (string Name, JsonNode? Value)[] fields)
    {
        var body = new JsonObject { ["prompt"] = prompt, ["max_tokens"] = 8, ["seed"] = 3, ["temperature"] = 1.2 };
        foreach (var (name, value) in fields)
            body[name] = value;
        return body;
    }

    private static string WithoutIndex(JsonNode choice)
    {
        var copy = choice.DeepClone().AsObject();
        copy.Remove("index");
        return copy.ToJsonString();
    }

    /// <summary>A choice of a stream as it is in a whole answer.</summary>
    internal static string Assemble(IEnumerable<JsonNode> chunks, int index)
    {
        var pieces = chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Where(piece => (int)piece!["index"]! == index).ToList();
        JsonArray Column(string name) =>
            new([.. pieces.SelectMany(piece => piece!["logprobs"]![name]!.AsArray()).Select(item => item!.DeepClone())]);

        return new JsonObject
        {
            ["index"] = index,
            ["text"] = string.Concat(pieces.Select(piece => (string)piece!["text"]!)),
            ["logprobs"] = pieces[^1]!["logprobs"] is null ? null : new JsonObject
            {
                ["tokens"] = Column("tokens"),
                ["token_logprobs"] = Column("token_logprobs"),
                ["top_logprobs"] = Column("top_logprobs"),
                ["text_offset"] = Column("text_offset"),
            },
            ["finish_reason"] = pieces[^1]!["finish_reason"]!.DeepClone(),
        }.ToJsonString();
    }
}
