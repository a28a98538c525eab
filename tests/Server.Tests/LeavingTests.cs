using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace AkkaCp.Server.Tests;

public class LeavingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReaderThatDoesNotRead_IsEnded_AndHoldsUpNobody()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(("akka-cp.server.write-timeout", "1s")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await socket.ConnectAsync(IPAddress.Loopback, client.Address.Port, Cancelled);
        var asked = Chat.Ask("hi", ("n", 16), ("max_tokens", 3000), ("ignore_eos", true), ("logprobs", true), ("top_logprobs", 20));
        asked["stream"] = true;
        var body = asked.ToJsonString();
        await socket.SendAsync(
            Encoding.UTF8.GetBytes($"POST {Chat.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {body.Length}\r\n\r\n{body}"), Cancelled);
        await Until(client, running => running == 16);

        await client.AskAsync(Chat.Path, Chat.Ask("others go on", ("max_tokens", 5)));
        await Until(client, running => running == 0);
    }

    [Fact]
    public async Task ServiceThatStops_LetsStreamsEnd_AndRefusesOthers()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options());
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        await StopAndCheckAsync(app, client);
    }

    [Fact]
    public async Task GatewayThatStops_LetsStreamsEnd_AndRefusesOthers()
    {
        await using var gateway = await DemoGateway.StartAsync();
        await StopAndCheckAsync(gateway.App, gateway.Client);
    }

    [Fact]
    public async Task StreamThatWaits_SaysSo()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(
            ("akka-cp.server.comment-interval", "50ms"), ("akka-cp.scheduler.max-running", "1")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        var first = Chat.Ask("hi", ("max_tokens", 3000), ("ignore_eos", true), ("stream", true)).ToJsonString();
        using var running = await client.PostAsync(Chat.Path, first, Cancelled);
        var second = Chat.Ask("hi", ("max_tokens", 3), ("stream", true)).ToJsonString();
        using var waiting = await client.PostAsync(Chat.Path, second, Cancelled);
        await using var stream = await waiting.Content.ReadAsStreamAsync(Cancelled);
        using var reader = new StreamReader(stream);

        string? line;
        do
            line = await reader.ReadLineAsync(Cancelled);
        while (line is not null && !line.StartsWith(':'));
        Assert.NotNull(line);
    }

    private static async Task StopAndCheckAsync(WebApplication app, ApiClient client)
    {
        var body = Chat.Ask("count", ("max_tokens", 1000), ("ignore_eos", true), ("seed", 1));
        var whole = (string)(await client.AskAsync(Chat.Path, body))["choices"]![0]!["message"]!["content"]!;
        body["stream"] = true;
        using var answer = await client.PostAsync(Chat.Path, body.ToJsonString(), Cancelled);
        var stopping = app.StopAsync(Cancelled);

        // On a connection of its own: the service still listens while it drains.
        using var late = new ApiClient(app.Urls.First());
        using var refused = await late.PostAsync(Chat.Path, Chat.Ask("late").ToJsonString(), Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("server_overloaded", (string?)(await ApiClient.BodyAsync(refused))["error"]!["code"]);

        var text = "";
        var last = "";
        await foreach (var data in ApiClient.EventsAsync(answer))
        {
            last = data;
            text += data == "[DONE]" ? "" : (string?)JsonNode.Parse(data)!["choices"]![0]!["delta"]!["content"];
        }

        Assert.Equal(("[DONE]", whole), (last, text));
        await stopping;
    }

    private static async Task Until(ApiClient client, Predicate<int> isMet)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!isMet((int)(await client.GetAsync("/health")).Body["requests_running"]!))
            await Task.Delay(20, patience.Token);
    }
}
