using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>What becomes of a connection, and of what is wrong below the body.</summary>
public class ConnectionTests(DemoService service)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HeaderOfTwoHundredKilobytes_IsTooLarge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "x-long", new string('x', 200_000) } } };
        using var answer = await service.Client.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Connection_GoesOnBehindErrors()
    {
        var connections = 0;
        using var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1,
            ConnectCallback = async (context, ending) =>
            {
                connections++;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, ending);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { BaseAddress = service.Client.Address };
        foreach (var (request, status) in Wrong())
        {
            Assert.Equal(status, await StatusAsync(request));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(Post("/tokenize", """{"content":"a"}""")));
        }

        Assert.Equal(1, connections);

        async Task<HttpStatusCode> StatusAsync(HttpRequestMessage request)
        {
            using var answer = await http.SendAsync(request, Cancelled);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task PromptThatThePoolNeverHolds_IsTooLong()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(("akka-cp.kv-cache.tokens", "1024")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        var words = string.Concat(Enumerable.Repeat("word ", 400));
        using var answer = await client.PostAsync(Chat.Path, Chat.Ask(words).ToJsonString(), Cancelled);
        var error = BadRequestTests.CheckShape(await answer.Content.ReadAsStringAsync(Cancelled));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(("messages", "context_length_exceeded"), ((string?)error["param"], (string?)error["code"]));
        await client.AskAsync(Chat.Path, Chat.Ask("hi", ("max_tokens", 2)));
    }

    [Fact]
    public async Task NoStopStrings_AreNone()
    {
        var body = Chat.Ask("count", ("max_tokens", 8), ("seed", 1));
        var expected = Chat.Comparable(await service.Client.AskAsync(Chat.Path, body));
        foreach (var none in (JsonNode?[])[null, new JsonArray()])
        {
            body["stop"] = none;
            Assert.Equal(expected, Chat.Comparable(await service.Client.AskAsync(Chat.Path, body)));
        }

        await service.Client.AskAsync(
            "/v1/completions", new JsonObject { ["prompt"] = "a", ["max_tokens"] = 2, ["stop"] = new JsonArray() });
    }

    private static IEnumerable<(HttpRequestMessage Request, HttpStatusCode Status)> Wrong()
    {
        yield return (Post(Chat.Path, "nonsense"), HttpStatusCode.BadRequest);
        yield return (Post(Chat.Path, ""), HttpStatusCode.BadRequest);
        yield return (Post(Chat.Path, new string('[', 20_000)), HttpStatusCode.BadRequest);
        yield return (Post(Chat.Path, """{"messages":[{"role":"user","content":"hi"}],"model":"gpt-9"}"""), HttpStatusCode.NotFound);
        yield return (Post("/v1/embeddings", "{}"), HttpStatusCode.NotFound);
        yield return (Post("/v1/models", "{}"), HttpStatusCode.MethodNotAllowed);
        yield return (Post(Chat.Path, "{}", "text/plain"), HttpStatusCode.UnsupportedMediaType);
        yield return (Post(Chat.Path, new string(' ', (16 << 20) + 1)), HttpStatusCode.RequestEntityTooLarge);
        var host = Post(Chat.Path, "{}");
        host.Headers.Host = "evil.example";
        yield return (host, HttpStatusCode.MisdirectedRequest);
        var origin = Post(Chat.Path, "{}");
        origin.Headers.Add("Origin", "https://evil.example");
        yield return (origin, HttpStatusCode.Forbidden);
    }

    private static HttpRequestMessage Post(string path, string body, string type = "application/json") =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, type) };
}
