using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Valid requests with mistakes of bytes, of structure and of headers; AKKACP_MUTATIONS says how many.</summary>
public class MutatedRequestTests(DemoService service)
{
    // Stands for half a surrogate pair, which the library writes no text of.
    private const string Half = "HALF";

    // Of a gateway one of so many: it has the same doors.
    private const int GatewayShare = 10;

    private static readonly int s_count =
        int.Parse(Environment.GetEnvironmentVariable("AKKACP_MUTATIONS") ?? "600", CultureInfo.InvariantCulture);

    private static readonly JsonObject s_good = Chat.Ask(
        "what is 3 + 4?", ("max_tokens", 4), ("seed", 5), ("temperature", 0.5), ("stop", new JsonArray("x")));

    private static readonly (string Path, string Body)[] s_bodies =
    [
        (Chat.Path, s_good.ToJsonString()),
        (Chat.Path, """
            {"messages":[{"role":"system","content":[{"type":"text","text":"be short"}]},{"role":"assistant","content":null,
              "tool_calls":[{"id":"a","type":"function","function":{"name":"now","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"a","content":"noon"}],"max_tokens":2,"n":2,"logprobs":true,"top_logprobs":2,"stream":true,
              "stream_options":{"include_usage":true},"logit_bias":{"7":1.5},"tools":[{"type":"function","function":{"name":"now",
              "parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"tool_choice":"auto"}
            """),
        ("/v1/completions", """{"prompt":["a",[5,6]],"max_tokens":2,"n":1,"logprobs":2,"top_p":0.9,"seed":1,"best_of":1}"""),
        ("/tokenize", """{"content":"a text","add_special":true}"""),
        ("/detokenize", """{"tokens":[1,2,3]}"""),
    ];

    private static readonly string[] s_values =
    [
        "null", "true", "\"a\"", "\"\"", "-1", "0", "1.5", "1e300", "-1e-300", "99999999999999999999", "[]", "{}", "[null]", "[[[[7]]]]",
        "{\"a\":{\"a\":{}}}", $"\"{Half}\"", "\"\\u0000<|im_end|>\\u202e\"", "\"auto\"", "\"user\"",
        new string('[', 70) + new string(']', 70),
    ];

    private static readonly (string Name, string Value)[] s_headers =
    [
        ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-16"), ("Content-Type", "nonsense"),
        ("Host", "other.example"), ("Origin", "https://other.example"), ("Origin", "null"), ("Authorization", "Bearer "),
        ("Authorization", "Basic a"), ("x-api-key", "a"), ("Accept", "image/png"), ("Accept-Encoding", "br;q=x"),
        ("Expect", "100-continue"), ("Content-Encoding", "gzip"), ("X-Forwarded-For", "1.2.3.4, x"),
        ("x-request-id", "mine"), ("traceparent", "00-x-y-z"),
    ];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public Task MutatedRequests_AreAnsweredOrRefused_AndHarmNothing() => CheckAsync(service.Client, 0, s_count);

    [Fact]
    public async Task MutatedRequestsToAGateway_AreAnsweredOrRefused_AndHarmNothing()
    {
        await using var gateway = await DemoGateway.StartAsync();
        await CheckAsync(gateway.Client, s_count, s_count / GatewayShare);
    }

    private static async Task CheckAsync(ApiClient client, int first, int count)
    {
        var expected = Chat.Comparable(await client.AskAsync(Chat.Path, s_good));
        var refused = 0;
        foreach (var together in Enumerable.Range(first, count).Chunk(8))
        {
            await Task.WhenAll(together.Select(AskAsync));
            if (together[0] % 200 == 0)
                Assert.Equal(expected, Chat.Comparable(await client.AskAsync(Chat.Path, s_good)));
        }

        Assert.Equal(expected, Chat.Comparable(await client.AskAsync(Chat.Path, s_good)));
        Assert.InRange(refused, count / 4, count);

        async Task AskAsync(int number)
        {
            var random = new Random(number);
            var (path, body) = s_bodies[random.Next(s_bodies.Length)];
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            var bytes = random.Next(2) == 0 ? MutateBytes(Encoding.UTF8.GetBytes(body), random)
                : Encoding.UTF8.GetBytes(MutateJson(body, random));
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.ContentType = new("application/json");
            if (random.Next(8) == 0)
                AddHeader(request, s_headers[random.Next(s_headers.Length)]);
            using var answer = await client.SendAsync(request, Cancelled);
            var text = await answer.Content.ReadAsStringAsync(Cancelled);

            var asked = $"{number}: {path} {request.Headers} {Encoding.UTF8.GetString(bytes)}\n{text}";
            Assert.True(answer.StatusCode < HttpStatusCode.InternalServerError, asked);
            Assert.StartsWith("req_", answer.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
            if (answer.Content.Headers.ContentType?.MediaType == "text/event-stream")
                Assert.True(text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal), asked);
            else if (answer.IsSuccessStatusCode)
                Assert.True(JsonNode.Parse(text) is JsonObject, asked);
            else
                BadRequestTests.CheckShape(text);
            if (!answer.IsSuccessStatusCode)
                Interlocked.Increment(ref refused);
        }
    }

    private static void AddHeader(HttpRequestMessage request, (string Name, string Value) header)
    {
        if (header.Name.StartsWith("Content-", StringComparison.Ordinal))
        {
            request.Content!.Headers.Remove(header.Name);
            request.Content.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        else
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
    }

    /// <summary>Another value at some place, one left out, one twice, or one more.</summary>
    private static string MutateJson(string body, Random random)
    {
        var root = JsonNode.Parse(body)!;
        for (var times = random.Next(1, 3); times > 0; times--)
        {
            var places = Places(root).ToList();
            var place = places[random.Next(places.Count)];
            var value = JsonNode.Parse(s_values[random.Next(s_values.Length - 1)]);
            switch (place)
            {
                case JsonObject json when json.Count > 0:
                    var name = json.ElementAt(random.Next(json.Count)).Key;
                    var change = random.Next(4);
                    if (change == 0)
                        json.Remove(name);
                    else
                        json[change == 1 ? $"{name}s" : name] = value;
                    break;
                case JsonArray { Count: > 0 } array:
                    var index = random.Next(array.Count);
                    if (random.Next(3) == 0)
                        array.RemoveAt(index);
                    else if (random.Next(2) == 0)
                        array.Insert(index, array[index]?.DeepClone());
                    else
                        array[index] = value;
                    break;
                default:
                    break;
            }
        }

        var text = root.ToJsonString().Replace(Half, "\\ud800", StringComparison.Ordinal);
        return random.Next(6) switch
        {
            0 => $"{text[..^1]},{text[1..]}", // Every name twice.
            1 => $"{text[..^1]},\"metadata\":{s_values[^1]}}}",
            _ => text,
        };
    }

    private static IEnumerable<JsonNode> Places(JsonNode? node)
    {
        if (node is null or JsonValue)
            return [];
        var inner = node is JsonObject json ? json.Select(field => field.Value) : node.AsArray();
        return inner.SelectMany(Places).Prepend(node);
    }

    internal static byte[] MutateBytes(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)"0123456789-.eE{}[]\",:\\ntu"[random.Next(25)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)));
                    break;
            }

            if (bytes.Count == 0)
                return [];
        }

        return [.. bytes];
    }
}
