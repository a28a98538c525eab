using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Meters are a process's: an engine that ends takes the instruments of others with it, so no other may meanwhile.</summary>
[CollectionDefinition(nameof(MetricsTests), DisableParallelization = true)]
[Collection(nameof(MetricsTests))]
public class MetricsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_CountWhatWasAnswered()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options());
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        await client.AskAsync(Chat.Path, Chat.Ask("count to three", ("max_tokens", 5), ("ignore_eos", true)));
        using var answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/metrics"), Cancelled);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);

        foreach (var name in (string[])["akkacp_requests_running", "akkacp_requests_waiting", "akkacp_kv_blocks_free", "akkacp_epoch",
            "akkacp_cached_tokens_total", "akkacp_requests_put_back_total", "gen_ai_server_time_to_first_token_seconds_count",
            "gen_ai_server_time_per_output_token_seconds_bucket", "gen_ai_server_request_duration_seconds_sum",
            "gen_ai_client_token_usage_sum", "akkacp_rank_busy_seconds_total", "akkacp_rank_wait_seconds_total", "akkacp_rank_rows_total",
            "akkacp_rank_kv_gathered_bytes_total", "akkacp_rank_expert_rows_total", "akkacp_rank_busiest_expert_rows_total",
            "akkacp_rank_epoch", "http_server_request_duration_seconds_count"])
        {
            Assert.Contains($"\n{name}", text, StringComparison.Ordinal);
        }
    }
}
