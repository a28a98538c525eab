using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>What is sent over a connection, its request line and headers too, with mistakes; AKKACP_MUTATIONS says how many, and a tenth of
/// them it is.</summary>
public class MutatedConnectionTests
{
    private const int Share = 10;
    private const int AtATime = 32;

    private static readonly int s_count =
        int.Parse(Environment.GetEnvironmentVariable("AKKACP_MUTATIONS") ?? "1000", CultureInfo.InvariantCulture) / Share;

    private static readonly JsonObject s_good = Chat.Ask("what is 3 + 4?", ("max_tokens", 4), ("seed", 5));

    private static readonly string[] s_requests =
    [
        $"POST {Chat.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {s_good.ToJsonString().Length}\r\nConnection: close\r\n\r\n{s_good.ToJsonString()}",
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
            + "Connection: close\r\n\r\n7\r\n{\"conte\r\n9\r\nnt\":\"ab\"}\r\n0\r\n\r\n",
        "GET /v1/models/demo?x=%41&y HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nOrigin: http://127.0.0.1\r\nConnection: close\r\n\r\n",
        "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\nOrigin: null\r\n"
            + "Connection: close\r\n\r\n",
    ];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MutatedConnections_EndInATimeAndHarmNothing()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(
            ("akka-cp.server.headers-timeout", "1s"), ("akka-cp.server.body-timeout", "1s"),
            ("akka-cp.server.keep-alive-timeout", "1s")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        var expected = Chat.Comparable(await client.AskAsync(Chat.Path, s_good));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, s_count), new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = Cancelled },
            async (number, _) =>
            {
                var random = new Random(number);
                var bytes = MutatedRequestTests.MutateBytes(Encoding.UTF8.GetBytes(s_requests[random.Next(s_requests.Length)]), random);
                var answer = await SendAsync(client.Address.Port, bytes);
                var words = answer.Split(' ', 3);
                var isFine = answer.Length == 0 || (words[0] == "HTTP/1.1" && (words[1][0] is '2' or '4' || words[1] == "505"));
                Assert.True(isFine, $"{number}: {Encoding.UTF8.GetString(bytes)}\n{answer}");
            });

        Assert.Equal(expected, Chat.Comparable(await client.AskAsync(Chat.Path, s_good)));
    }

    /// <summary>What comes until the other side closes, or resets, the connection.</summary>
    private static async Task<string> SendAsync(int port, byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, Cancelled);
        var answer = new MemoryStream();
        try
        {
            await socket.SendAsync(bytes, Cancelled);
            await new NetworkStream(socket).CopyToAsync(answer, Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        }
        catch (IOException)
        {
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
