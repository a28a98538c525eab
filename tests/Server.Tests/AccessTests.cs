using System.Net;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Tests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Server.Tests;

public class AccessTests(DemoService service)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_AreAskedForInHeaders()
    {
        await using var app = await OwnApplication.StartAsync(new ServerSettings { ApiKeys = ["alpha", "beta"] });
        using var client = new ApiClient(app.Urls.First());

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/v1/models"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/v1/models", ("Authorization", "Bearer gamma")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/v1/models", ("Authorization", "Basic alpha")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/v1/models?api_key=alpha", ("x-api-key", "alpha")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/v1/models", ("Authorization", "Bearer beta")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/v1/models", ("x-api-key", "alpha")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/health"));
        var (_, body) = await client.GetAsync("/v1/models");
        Assert.Equal("invalid_api_key", (string)body["error"]!["code"]!);
    }

    [Fact]
    public async Task CachedTokens_AreThoseOfTheSameKey()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(
            ("akka-cp.server.api-keys", "[alpha, beta]"), ("akka-cp.kv-cache.block-size", "16")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        var body = Chat.Ask(string.Concat(Enumerable.Repeat("word ", 40)), ("max_tokens", 2)).ToJsonString();

        Assert.Equal(0, await CachedAsync("alpha"));
        Assert.Equal(0, await CachedAsync("beta"));
        Assert.InRange(await CachedAsync("alpha"), 100, 250);

        async Task<int> CachedAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Chat.Path)
            {
                Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
                Headers = { { "x-api-key", key } },
            };
            using var answer = await client.SendAsync(request, Cancelled);
            return (int)(await ApiClient.BodyAsync(answer))["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;
        }
    }

    [Fact]
    public async Task PagesOfAllowedOrigins_MayAsk()
    {
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { AllowedOrigins = ["https://chat.example"], AllowedHosts = ["127.0.0.1"] });
        using var client = new ApiClient(app.Urls.First());
        using var preflight = await client.SendAsync(
            new HttpRequestMessage(HttpMethod.Options, Chat.Path)
            {
                Headers = { { "Origin", "https://chat.example" }, { "Access-Control-Request-Method", "POST" } },
            },
            Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(["https://chat.example"], preflight.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/v1/models", ("Origin", "https://chat.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/v1/models", ("Origin", "https://other.example")));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(client, "/v1/models", ("Host", "localhost")));
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/health")]
    [InlineData("/nowhere")]
    public async Task OtherHosts_AreRefusedOnEveryPath(string path)
    {
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(service.Client, path, ("Host", "other.example")));
        Assert.NotEqual(HttpStatusCode.MisdirectedRequest, await StatusAsync(service.Client, path));
    }

    [Fact]
    public void OtherMachines_AreServedOnlyWithKeys()
    {
        var error = Assert.Throws<SettingsException>(() => AkkaCpService.Create(
            DemoService.Options(("akka-cp.server.host", "0.0.0.0")), Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance));

        Assert.Contains("akka-cp.server.api-keys: expected keys", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_AndThoughts_AreNoText()
    {
        var (engine, _) = TestModel.Saying(
            "<think>which tool?</think>I ask.<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}}\n</tool_call>");
        await using var app = await OwnApplication.StartAsync(new ServerSettings(), engine);
        using var client = new ApiClient(app.Urls.First());
        var body = Chat.Ask("weather?", ("stop", "which"), ("tools", JsonNode.Parse(
            """
            [{"type":"function","function":{"name":"weather",
              "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]
            """)));
        var whole = await client.AskAsync(Chat.Path, body);
        body["stream_options"] = new JsonObject { ["include_usage"] = true };

        Assert.Equal(Chat.Comparable(whole), Chat.Assemble(await client.StreamAsync(Chat.Path, body), 1));
        var choice = whole["choices"]![0]!;
        Assert.Equal("tool_calls", (string)choice["finish_reason"]!);
        Assert.Equal("which tool?", (string)choice["message"]!["reasoning_content"]!);
        Assert.Equal("I ask.", (string)choice["message"]!["content"]!);
        var call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!;
        Assert.Equal(("function", "weather", """{"city":"Köln"}"""),
            ((string)call["type"]!, (string)call["function"]!["name"]!, (string)call["function"]!["arguments"]!));
        Assert.StartsWith("call_", (string)call["id"]!, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> StatusAsync(ApiClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}
