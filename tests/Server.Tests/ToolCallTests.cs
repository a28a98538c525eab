using System.Text.Json.Nodes;
using AkkaCp.Engine.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Calls as clients see them, of a model that writes the same answer each time.</summary>
public class ToolCallTests
{
    private const string Two =
        "I ask.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": [1, 2]}}\n</tool_call>\n"
        + "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";

    private const string Broken = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": one}}\n</tool_call>";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Two)]
    [InlineData(Broken)]
    public async Task CutAnywhere_AnAnswerIsTheSameStreamedAndWhole_AndSaysTheTruth(string text)
    {
        await using var app = await StartAsync(text);
        using var client = new ApiClient(app.Urls.First());
        var tokens = TestModel.Demo.Tokenizer.Encode(text, allowSpecial: false).Length;
        var cut = 0;
        for (var most = 1; most <= tokens + 1; most++)
        {
            var body = Ask(most);
            var whole = await client.AskAsync(Chat.Path, body);
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
            Assert.Equal(Chat.Comparable(whole), Chat.Assemble(await client.StreamAsync(Chat.Path, body), 1));

            var choice = whole["choices"]![0]!;
            var calls = choice["message"]!["tool_calls"]?.AsArray() ?? [];
            var broken = calls.Count(call => !IsWhole((string)call!["function"]!["arguments"]!));
            cut += broken;
            var ends = calls.Count == 0 || (broken > 0 && choice["message"]!["content"]?.ToString() is null or "I ask.");
            Assert.True((ends ? "length" : "tool_calls") == (string)choice["finish_reason"]!, $"{most}: {whole.ToJsonString()}");
        }

        Assert.InRange(cut, 8, tokens);
    }

    [Fact]
    public async Task BrokenCall_HasTheArgumentsUntilTheyAreNone_AndTheRestIsText()
    {
        await using var app = await StartAsync(Broken);
        using var client = new ApiClient(app.Urls.First());
        var choice = (await client.AskAsync(Chat.Path, Ask(1000)))["choices"]![0]!;

        Assert.Equal("tool_calls", (string)choice["finish_reason"]!);
        Assert.Equal("{\"city\":\"Köln\",\"days\":", (string)choice["message"]!["tool_calls"]![0]!["function"]!["arguments"]!);
        Assert.Equal(" one}}\n</tool_call>", (string)choice["message"]!["content"]!);
    }

    [Fact]
    public async Task Arguments_ComeInPieces_BehindTheName()
    {
        await using var app = await StartAsync(Two);
        using var client = new ApiClient(app.Urls.First());
        var calls = (await client.StreamAsync(Chat.Path, Ask(1000)))
            .SelectMany(chunk => chunk["choices"]!.AsArray()).Select(choice => choice!["delta"]!["tool_calls"])
            .Where(call => call is not null).Select(call => Assert.Single(call!.AsArray())!).ToList();

        Assert.Equal("", (string)calls[0]["function"]!["arguments"]!);
        Assert.Equal("weather", (string)calls[0]["function"]!["name"]!);
        Assert.InRange(calls.Count(call => (int)call["index"]! == 0), 8, 60);
    }

    private static JsonObject Ask(int most) => Chat.Ask("weather?", ("max_tokens", most), ("tools", JsonNode.Parse(
        """[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"now"}}]""")));

    private static bool IsWhole(string arguments)
    {
        try
        {
            return JsonNode.Parse(arguments) is JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    private static async Task<WebApplication> StartAsync(string says)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapAkkaCp(TestModel.Saying(says).Engine);
        await app.StartAsync(Cancelled);
        return app;
    }
}
