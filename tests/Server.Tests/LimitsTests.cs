using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Engine;
using AkkaCp.Engine.Tests;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AkkaCp.Server.Tests;

public class LimitsTests
{
    private static readonly string s_hi = Chat.Ask("hi", ("max_tokens", 2)).ToJsonString();
    private static readonly string s_stream = Chat.Ask("hi", ("stream", true), ("ignore_eos", true)).ToJsonString();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RequestsAtATime_AreCountedByKey()
    {
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { ApiKeys = ["alpha", "beta"], Limits = new ServerLimits { RequestsPerKey = 1 } }, Endless());
        using var client = new ApiClient(app.Urls.First());
        using (await AskAsync(client, s_stream, "alpha"))
        {
            await RefusedAsync(client, HttpStatusCode.TooManyRequests, "rate_limit_exceeded", 1, "alpha");
            using var other = await AskAsync(client, s_stream, "beta");
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        await UntilAdmittedAsync(client, "alpha");
    }

    [Fact]
    public async Task RequestsAMinute_AreCountedByAddress_WhereNoKeysAre()
    {
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { Limits = new ServerLimits { RequestsPerMinute = 2 } });
        using var client = new ApiClient(app.Urls.First());
        for (var i = 0; i < 2; i++)
        {
            using var answer = await AskAsync(client, s_hi);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await RefusedAsync(client, HttpStatusCode.TooManyRequests, "rate_limit_exceeded", 30);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/models")).Status);
    }

    [Fact]
    public async Task FullService_RefusesAllButThoseWhoHaveLessThanTheirShare()
    {
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { ApiKeys = ["alpha", "beta"], Limits = new ServerLimits { MaxRequests = 2 } }, Endless());
        using var client = new ApiClient(app.Urls.First());
        using var first = await AskAsync(client, s_stream, "alpha");
        using (await AskAsync(client, s_stream, "alpha"))
        {
            await RefusedAsync(client, HttpStatusCode.ServiceUnavailable, "server_overloaded", 2, "alpha");
            using var other = await AskAsync(client, s_stream, "beta");
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            await RefusedAsync(client, HttpStatusCode.ServiceUnavailable, "server_overloaded", 2, "beta");
        }

        await UntilAdmittedAsync(client, "alpha");
    }

    [Fact]
    public async Task ApplicationsOwnRateLimiter_IsItsOwn()
    {
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { Limits = new ServerLimits { RequestsPerMinute = 1 } },
            services: services => services.AddRateLimiter(own => own.AddFixedWindowLimiter(
                "own", window => (window.PermitLimit, window.Window) = (1, TimeSpan.FromHours(1)))),
            pipeline: own =>
            {
                own.UseRateLimiter();
                own.MapGet("/own", () => "own").RequireRateLimiting("own");
            });
        using var client = new ApiClient(app.Urls.First());
        using var answer = await AskAsync(client, s_hi);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await RefusedAsync(client, HttpStatusCode.TooManyRequests, "rate_limit_exceeded", 60);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], [await OwnAsync(), await OwnAsync()]);

        async Task<HttpStatusCode> OwnAsync()
        {
            using var own = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/own"), Cancelled);
            return own.StatusCode;
        }
    }

    [Fact]
    public async Task AnswerThatTakesTooLong_EndsAsAnError()
    {
        var limits = new ServerLimits { RequestTimeout = TimeSpan.FromMilliseconds(300) };
        await using var app = await OwnApplication.StartAsync(new ServerSettings { Limits = limits }, Endless());
        using var client = new ApiClient(app.Urls.First());
        using var whole = await AskAsync(client, Chat.Ask("hi", ("ignore_eos", true)).ToJsonString());
        using var stream = await AskAsync(client, s_stream);
        var events = await ApiClient.EventsAsync(stream).ToListAsync(Cancelled);

        Assert.Equal(HttpStatusCode.GatewayTimeout, whole.StatusCode);
        Assert.Equal(["false"], whole.Headers.GetValues("x-should-retry"));
        Assert.Equal("request_timeout", Code(await ApiClient.BodyAsync(whole)));
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal("request_timeout", Code(JsonNode.Parse(events[^1])!));
    }

    [Fact]
    public async Task BodyThatDoesNotArrive_IsNotWaitedFor()
    {
        var limits = new ServerLimits { BodyTimeout = TimeSpan.FromMilliseconds(300) };
        await using var app = await OwnApplication.StartAsync(new ServerSettings { Limits = limits });

        var answer = await RawAsync(
            app, $"POST {Chat.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{");

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"body_timeout\"", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_AreBounded_InSizeAndTime()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(
            ("akka-cp.server.max-headers", "8KiB"), ("akka-cp.server.headers-timeout", "1s")));
        using var client = new ApiClient(app.Urls.First());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "x-long", new string('a', 9000) } } };
        using var answer = await client.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
        Assert.StartsWith("HTTP/1.1 408 ", await RawAsync(app, "GET /health HTTP/1.1\r\nHost:"), StringComparison.Ordinal);
    }

    private static InferenceEngine Endless() =>
        TestModel.Engine(new FakeBackend(TestModel.Demo.Tokenizer.Encode("and so on ", allowSpecial: false)) { Endless = true });

    private static Task<HttpResponseMessage> AskAsync(ApiClient client, string body, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Chat.Path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (key is not null)
            request.Headers.Authorization = new("Bearer", key);
        return client.SendAsync(request, Cancelled);
    }

    private static async Task RefusedAsync(ApiClient client, HttpStatusCode status, string code, int seconds, string? key = null)
    {
        using var answer = await AskAsync(client, s_hi, key);
        var body = await ApiClient.BodyAsync(answer);
        Assert.Equal((status, code), (answer.StatusCode, Code(body)));
        Assert.Equal($"{seconds}", Assert.Single(answer.Headers.GetValues("Retry-After")));
        Assert.Equal(["message", "type", "param", "code"], body["error"]!.AsObject().Select(member => member.Key));
        Assert.StartsWith("req_", Assert.Single(answer.Headers.GetValues("x-request-id")), StringComparison.Ordinal);
    }

    // A client's end is known a moment after it left.
    private static async Task UntilAdmittedAsync(ApiClient client, string key)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var answer = await AskAsync(client, s_stream, key);
            if (answer.StatusCode == HttpStatusCode.OK)
                return;
            await Task.Delay(20, patience.Token);
        }
    }

    private static async Task<string> RawAsync(WebApplication app, string sent)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.First()).Port, Cancelled);
        await socket.SendAsync(Encoding.UTF8.GetBytes(sent), Cancelled);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync(Cancelled);
    }

    private static string? Code(JsonNode body) => (string?)body["error"]!["code"];
}
