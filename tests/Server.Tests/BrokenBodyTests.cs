using System.Diagnostics;
using System.Net;
using System.Text;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Bodies that are no JSON take the server no longer than their bytes need: it reads to the mistake and no further.</summary>
public class BrokenBodyTests
{
    private const string User = """{"messages":[{"role":"user","content":"hi"}]""";
    private const int Levels = 20_000;

    private static readonly (string Name, byte[] Body, string Reason)[] s_broken =
    [
        ("empty", [], "found nothing"),
        ("cut", Utf8($"{User},\"stop\":[\"a"), "(line 1, byte 55)"),
        ("not JSON", Utf8("nonsense"), "(line 1, byte 1)"),
        ("NaN", Utf8($"{User},\"temperature\":NaN}}"), "(line 1, byte 59)"),
        ("garbage behind it", Utf8($"{User}}} x"), "(line 1, byte 46)"),
        ("not an object", Utf8("[]"), "(line 1, byte 1)"),
        ("invalid UTF-8", [.. Utf8(User), 0xFF], "found other bytes"),
        ("20 000 lists deep", Utf8(new string('[', Levels)), "(line 1, byte 1)"),
        ("20 000 objects deep", Utf8($"{User},\"metadata\":{string.Concat(Enumerable.Repeat("{\"a\":", Levels))}"), "(line 1, byte 371)"),
        ("16 MiB, cut", Utf8($"{User},\"user\":\"{new string('a', (16 << 20) - 100)}"), "(line 1, byte 16"),
    ];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BrokenBodies_AreReadToTheirMistake()
    {
        var took = new List<TimeSpan>();
        await using var app = await OwnApplication.StartAsync(new ServerSettings(), pipeline: own => own.Use(MeasureAsync));
        using var client = new ApiClient(app.Urls.First());
        var wrong = new List<string>();
        await client.AskAsync(Chat.Path, Chat.Ask("hi"));
        foreach (var (name, body, reason) in s_broken)
        {
            using var answer = await client.PostAsync(Chat.Path, body, Cancelled);
            var message = (string?)BadRequestTests.CheckShape(await answer.Content.ReadAsStringAsync(Cancelled))["message"];

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            if (!message!.Contains(reason, StringComparison.Ordinal))
                wrong.Add($"{name}: {message}");
            TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {took[^1].TotalMilliseconds:F1} ms by the server's clock");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        async Task MeasureAsync(HttpContext context, RequestDelegate next)
        {
            var begun = Stopwatch.GetTimestamp();
            context.Response.OnStarting(() =>
            {
                took.Add(Stopwatch.GetElapsedTime(begun));
                return Task.CompletedTask;
            });
            await next(context);
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
