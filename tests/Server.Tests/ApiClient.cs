using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>A client that reads what the service writes, and nothing else.</summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;

    // Whoever leaves an answer hangs up, and does not read on for a while to keep the connection.
    public ApiClient(string url) => _http = new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero })
    {
        BaseAddress = new Uri(url),
        Timeout = s_patience,
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public Uri Address => _http.BaseAddress!;

    public async Task UntilReadyAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(s_patience);
        while (true)
        {
            using var answer = await _http.GetAsync(new Uri("/health", UriKind.Relative), patience.Token);
            if (answer.StatusCode == HttpStatusCode.OK)
                return;
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Sends a request as it is.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Posts bytes as JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, byte[] body, CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        return SendAsync(request, cancellationToken);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, CancellationToken cancellationToken = default) =>
        PostAsync(path, Encoding.UTF8.GetBytes(body), cancellationToken);

    public async Task<(HttpStatusCode Status, JsonNode Body)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), Cancelled);
        return (answer.StatusCode, await BodyAsync(answer));
    }

    /// <summary>Posts a body, and gives the answer's.</summary>
    public async Task<JsonNode> AskAsync(string path, JsonNode body)
    {
        using var answer = await PostAsync(path, body.ToJsonString(), Cancelled);
        var text = await BodyAsync(answer);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text.ToJsonString());
        return text;
    }

    /// <summary>Posts a body, and gives the events of the stream; the last is <c>[DONE]</c>, once, and is left out.</summary>
    public async Task<List<JsonNode>> StreamAsync(string path, JsonNode body)
    {
        body = body.DeepClone();
        body["stream"] = true;
        using var answer = await PostAsync(path, body.ToJsonString(), Cancelled);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var events = await EventsAsync(answer).ToListAsync(Cancelled);
        Assert.Equal("[DONE]", events[^1]);
        return [.. events.SkipLast(1).Select(data => JsonNode.Parse(data)!)];
    }

    public static async IAsyncEnumerable<string> EventsAsync(HttpResponseMessage answer)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(Cancelled);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Cancelled))
            yield return item.Data;
    }

    public static async Task<JsonNode> BodyAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        try
        {
            return JsonNode.Parse(text)!;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(text, error);
        }
    }

    public void Dispose() => _http.Dispose();
}
