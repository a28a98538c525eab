using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Measures the process's requests, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(OverloadTests), DisableParallelization = true)]
[Collection(nameof(OverloadTests))]
public class OverloadTests
{
    private const int Requests = 1000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThousandRequestsAtOnce_AreAnswered_OrRefusedAndAnsweredWhenTheyComeAgain()
    {
        var refusals = new ConcurrentBag<double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Name == "http.server.request.duration")
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            if (tags.ToArray().Contains(new("http.response.status_code", 503)))
                refusals.Add(seconds);
        });
        listener.Start();
        await using var app = await DemoService.StartAsync(DemoService.Options());
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        refusals.Clear();
        var texts = await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => AnswerAsync(client)));

        Assert.Single(texts.Distinct());
        Assert.NotEmpty(refusals);
        var sorted = refusals.Order().ToList();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{sorted.Count} refusals, p50 {sorted[sorted.Count / 2] * 1000:F1} ms, p99 {sorted[sorted.Count * 99 / 100] * 1000:F1} ms, "
            + $"longest {sorted[^1] * 1000:F1} ms");
    }

    private static async Task<string> AnswerAsync(ApiClient client)
    {
        while (true)
        {
            var body = Chat.Ask("What is 3 + 4?", ("max_tokens", 4), ("temperature", 0)).ToJsonString();
            using var answer = await client.PostAsync(Chat.Path, body, Cancelled);
            if (answer.StatusCode == HttpStatusCode.OK)
                return (string)(await ApiClient.BodyAsync(answer))["choices"]![0]!["message"]!["content"]!;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value, Cancelled);
        }
    }
}
