using System.Diagnostics;
using System.Text;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>A listener hears of a whole process, so it looks for its own trace alone.</summary>
public class TraceTests(DemoService service)
{
    [Fact]
    public async Task Request_IsOneTrace_OfQueuePromptAndTokens_WithoutItsText()
    {
        var trace = ActivityTraceId.CreateRandom();
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "AkkaCp" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> asked) =>
                asked.TraceId == trace ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                lock (spans)
                    spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat.Path)
        {
            Content = new StringContent(
                Chat.Ask("a secret", ("max_tokens", 5), ("ignore_eos", true)).ToJsonString(), Encoding.UTF8, "application/json"),
            Headers = { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } },
        };
        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await ApiClient.BodyAsync(answer);

        lock (spans)
        {
            var own = spans.Where(span => span.Source.Name == "AkkaCp").ToDictionary(span => span.DisplayName);
            Assert.Equal(["chat demo", "decode", "prefill", "queue"], own.Keys.Order());
            var whole = own["chat demo"];
            Assert.Equal(trace, whole.TraceId);
            Assert.All(own.Values.Where(span => span != whole), span => Assert.Equal(whole.SpanId, span.ParentSpanId));
            Assert.Equal(5, whole.GetTagItem("gen_ai.usage.output_tokens"));
            Assert.Equal(["length"], (string[])whole.GetTagItem("gen_ai.response.finish_reasons")!);
            Assert.DoesNotContain(spans.SelectMany(span => span.TagObjects), tag => $"{tag.Value}".Contains("secret"));
        }
    }
}
