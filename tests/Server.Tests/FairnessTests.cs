using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Engine;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AkkaCp.Server.Tests;

public class FairnessTests
{
    private const int Flood = 200;
    private const int Few = 5;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>
    /// All wait behind one long request of the flood, so that their order is the queue's alone. Turns are as long as each request's KV and
    /// all are alike, so each of the few has one of the flood before it at most. Answers that end one after another may be written the
    /// other way round, hence twice that.
    /// </summary>
    [Fact]
    public async Task RequestsOfASecondKey_AreAnsweredAmongTheFirst_WhileTheFirstKeyFloods()
    {
        var order = new ConcurrentQueue<string>();
        await using var engine = await InferenceEngine.StartAsync(
            DemoService.Options(("akka-cp.scheduler.max-running", "1")), Cancelled);
        await using var app = await OwnApplication.StartAsync(
            new ServerSettings { ApiKeys = ["flood", "few"] }, engine, pipeline: own => own.Use(NoteAsync));
        using var client = new ApiClient(app.Urls.First());
        var body = Chat.Ask("hi", ("max_tokens", 2), ("ignore_eos", true));
        var longBody = Chat.Ask("hi", ("max_tokens", 4000), ("ignore_eos", true), ("stream", true));
        using var first = await AskAsync(client, "flood", longBody);
        var flood = Enumerable.Range(0, Flood).Select(_ => AnswerAsync(client, "flood", body)).ToList();
        await UntilAsync(client, waiting => waiting == Flood);
        var few = Enumerable.Range(0, Few).Select(_ => AnswerAsync(client, "few", body)).ToList();
        await UntilAsync(client, waiting => waiting == Flood + Few);
        first.Dispose();
        await Task.WhenAll([.. flood, .. few]);

        var answered = order.ToList();
        Assert.Equal(Flood + Few, answered.Count);
        var before = answered.Take(answered.LastIndexOf("few")).Count(key => key == "flood");
        Assert.InRange(before, 0, 2 * Few);

        Task NoteAsync(HttpContext context, RequestDelegate next)
        {
            if (context.Request.Path == Chat.Path)
            {
                context.Response.OnStarting(() =>
                {
                    if (context.Response.ContentType!.Contains("json", StringComparison.Ordinal))
                        order.Enqueue(context.Request.Headers["x-api-key"].ToString());
                    return Task.CompletedTask;
                });
            }

            return next(context);
        }
    }

    private static Task<HttpResponseMessage> AskAsync(ApiClient client, string key, JsonObject body) => client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, Chat.Path)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
            Headers = { { "x-api-key", key } },
        },
        Cancelled);

    private static async Task AnswerAsync(ApiClient client, string key, JsonObject body)
    {
        using var answer = await AskAsync(client, key, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static async Task UntilAsync(ApiClient client, Predicate<int> isMet)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!isMet((int)(await client.GetAsync("/health")).Body["requests_waiting"]!))
            await Task.Delay(20, patience.Token);
    }
}
