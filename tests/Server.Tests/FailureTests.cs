using System.Net;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Tests;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Server.Tests;

public class FailureTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(FailureKind.Unavailable, HttpStatusCode.ServiceUnavailable, "server_overloaded", "10")]
    [InlineData(FailureKind.ShuttingDown, HttpStatusCode.ServiceUnavailable, "server_overloaded", "10")]
    [InlineData(FailureKind.Busy, HttpStatusCode.ServiceUnavailable, "server_overloaded", "2")]
    [InlineData(FailureKind.Fault, HttpStatusCode.InternalServerError, "generation_failed", null)]
    public async Task FailureOfTheEngine_HasItsStatusAndCode_InAStreamToo(
        FailureKind kind, HttpStatusCode status, string code, string? retryAfter)
    {
        var backend = new FakeBackend(1) { Failure = new GenerationProtocol.Failed(Guid.Empty, kind, "what and where") };
        await using var app = await OwnApplication.StartAsync(new ServerSettings(), TestModel.Engine(backend));
        using var client = new ApiClient(app.Urls.First());
        using var whole = await client.PostAsync(Chat.Path, Chat.Ask("hi").ToJsonString(), Cancelled);

        Assert.Equal(status, whole.StatusCode);
        Assert.Equal(code, Code(await ApiClient.BodyAsync(whole)));
        Assert.Equal(retryAfter, whole.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);

        // Its headers are out: it was admitted.
        using var stream = await client.PostAsync(Chat.Path, Chat.Ask("hi", ("stream", true)).ToJsonString(), Cancelled);
        var events = await ApiClient.EventsAsync(stream).ToListAsync(Cancelled);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Assert.Equal(code, Code(JsonNode.Parse(events[^1])!));
    }

    private static string? Code(JsonNode body) => (string?)body["error"]!["code"];
}
