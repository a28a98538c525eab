using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

public class BadRequestTests(DemoService service)
{
    private const string User = """[{"role":"user","content":"hi"}]""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", null)]
    [InlineData("  ", null)]
    [InlineData("nonsense", null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("3", null)]
    [InlineData("""{"messages":[{"role":"us""", null)]
    [InlineData("""{"temperature":NaN}""", null)]
    [InlineData("""{"messages":[]} x""", null)]
    [InlineData("""{"stream":true,"stream":false}""", "stream")]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":"hi"}""", "messages")]
    [InlineData("""{"messages":["hi"]}""", "messages[0]")]
    [InlineData("""{"messages":[null]}""", "messages[0]")]
    [InlineData("""{"messages":[{"content":"hi"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"owner","content":"hi"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":7,"content":"hi"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"user"}]}""", "messages[1].content")]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":null}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[7]}]}""", "messages[0].content[0]")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"messages":[{"role":"user","content":"a","contend":"b"}]}""", "messages[0].contend")]
    [InlineData("""{"messages":[{"role":"tool","content":"a"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"user","content":"a","tool_calls":[]}]}""", "messages[0].tool_calls")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]}]}""",
        "messages[0].tool_calls[0].function.arguments")]
    public async Task WrongBody_IsNamed(string body, string? param) => await RefusedAsync(body, param);

    [Theory]
    [InlineData("temperature", "\"a\"", "-1", "101", "1e300", "null,1")]
    [InlineData("top_p", "\"a\"", "-0.1", "1.5", "0", "[]")]
    [InlineData("top_k", "1.5", "-2", "\"3\"", "1e300", "{}")]
    [InlineData("min_p", "-1", "2", "true")]
    [InlineData("presence_penalty", "3", "-2.5", "\"0\"")]
    [InlineData("frequency_penalty", "3", "-2.5", "\"0\"")]
    [InlineData("repetition_penalty", "0", "-1", "\"0\"", "1e300")]
    [InlineData("n", "0", "-1", "129", "1000000", "1.5", "\"2\"")]
    [InlineData("max_tokens", "0", "-1", "1.5", "1e300", "99999999999", "\"5\"")]
    [InlineData("max_completion_tokens", "0", "-1", "1.5")]
    [InlineData("seed", "-1", "1.5", "1e300", "99999999999999999999", "\"1\"")]
    [InlineData("top_logprobs", "3", "21", "-1")]
    [InlineData("logprobs", "1", "\"true\"")]
    [InlineData("stream", "1", "\"true\"")]
    [InlineData("stream_options", "{}", "7")]
    [InlineData("logit_bias", "7", "[]", "{\"a\":1}", "{\"1\":\"a\"}", "{\"1\":101}", "{\"99999999\":1}", "{\"-1\":1}")]
    [InlineData("stop", "7", "{}")]
    [InlineData("stop[0]", "[\"\"]", "[7]")]
    [InlineData("model", "7")]
    [InlineData("tools", "7", "{}")]
    [InlineData("tool_choice", "\"sometimes\"", "\"auto\"", "\"required\"", "7", "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}")]
    [InlineData("response_format", "\"json\"", "{\"type\":\"json_object\"}", "{\"type\":\"json_schema\"}")]
    [InlineData("reasoning_effort", "\"enormous\"", "3")]
    [InlineData("chat_template_kwargs", "[]", "\"x\"")]
    [InlineData("parallel_tool_calls", "false", "1")]
    [InlineData("modalities", "[\"audio\"]", "7")]
    [InlineData("audio", "{}")]
    [InlineData("web_search_options", "{}")]
    [InlineData("functions", "[]")]
    [InlineData("function_call", "\"auto\"")]
    [InlineData("repetition_penalti", "1.1", "null")]
    public async Task WrongValue_IsNamedByItsField(string field, params string[] values)
    {
        foreach (var value in values.Where(value => !value.Contains(',', StringComparison.Ordinal)))
            await RefusedAsync($"{{\"messages\":{User},\"{field.Split('[')[0]}\":{value}}}", field);
    }

    [Theory]
    [InlineData("""[7]""", "tools[0]")]
    [InlineData("""[{"type":"retrieval"}]""", "tools[0].type")]
    [InlineData("""[{"type":"function"}]""", "tools[0].function")]
    [InlineData("""[{"type":"function","function":{}}]""", "tools[0].function.name")]
    [InlineData("""[{"type":"function","function":{"name":"a b"}}]""", "tools[0].function.name")]
    [InlineData("""[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"a"}}]""", "tools[1].function.name")]
    [InlineData("""[{"type":"function","function":{"name":"a","parameters":7}}]""", "tools[0].function.parameters")]
    [InlineData("""[{"type":"function","function":{"name":"a","parameters":{"type":"string"}}}]""", "tools[0].function.parameters.type")]
    [InlineData("""[{"type":"function","function":{"name":"a","strict":true}}]""", "tools[0].function.strict")]
    public async Task WrongTool_IsNamedByItsField(string tools, string param) =>
        await RefusedAsync($"{{\"messages\":{User},\"tools\":{tools}}}", param);

    [Fact]
    public async Task WhatIsFarTooMuch_IsRefusedShortly()
    {
        await RefusedAsync(new string('[', 20_000), null);
        await RefusedAsync($"{{\"messages\":{User},\"metadata\":{string.Concat(Enumerable.Repeat("{\"a\":", 20_000))}", null);
        var items = string.Join(',', Enumerable.Repeat("7", 3000));
        await RefusedAsync($"{{\"messages\":[{items}]}}", "messages[0]");
        var stops = string.Join(',', Enumerable.Repeat("\"s\"", 100_000));
        await RefusedAsync($"{{\"messages\":{User},\"stop\":[{stops}]}}", "stop");
        await RefusedAsync($"{{\"messages\":{User},\"{new string('x', 100_000)}\":1}}", $"{new string('x', 60)}…");
        using var invalid = await service.Client.PostAsync(Chat.Path, [.. "{\"messages\":\""u8, 0xFF, .. "\"}"u8], Cancelled);
        await RefusedAsync(invalid, HttpStatusCode.BadRequest, null, null);
    }

    [Fact]
    public async Task UnknownModel_And_TooLongAPrompt_HaveCodesOfTheirOwn()
    {
        using var model = await service.Client.PostAsync(Chat.Path, $"{{\"messages\":{User},\"model\":\"gpt-9\"}}", Cancelled);
        await RefusedAsync(model, HttpStatusCode.NotFound, "model", "model_not_found");
        var words = string.Concat(Enumerable.Repeat("word ", 20_000));
        using var longPrompt = await service.Client.PostAsync(Chat.Path, Chat.Ask(words, ("stream", true)).ToJsonString(), Cancelled);
        var body = await RefusedAsync(longPrompt, HttpStatusCode.BadRequest, "messages", "context_length_exceeded");
        Assert.DoesNotContain("word word", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await service.Client.GetAsync("/v1/models/gpt-9")).Status);
        Assert.Equal(HttpStatusCode.OK, (await service.Client.GetAsync("/v1/models/demo")).Status);
    }

    [Fact]
    public async Task WrongPathMethodTypeAndSize_AreSaidInTheSameShape()
    {
        await AnswersAsync(new HttpRequestMessage(HttpMethod.Get, "/v1/embeddings"), HttpStatusCode.NotFound, "not_found");
        await AnswersAsync(new HttpRequestMessage(HttpMethod.Get, "/nothing"), HttpStatusCode.NotFound, "not_found");
        using var method = await AnswersAsync(
            new HttpRequestMessage(HttpMethod.Get, Chat.Path), HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(["POST"], method.Content.Headers.Allow);
        await AnswersAsync(
            new HttpRequestMessage(HttpMethod.Post, Chat.Path) { Content = new StringContent("{}", Encoding.UTF8, "text/plain") },
            HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        var large = new ByteArrayContent(new byte[(16 << 20) + 1]);
        large.Headers.ContentType = new("application/json");
        await AnswersAsync(
            new HttpRequestMessage(HttpMethod.Post, Chat.Path) { Content = large }, HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task ForeignHostsAndPages_AreTurnedAway()
    {
        await AnswersAsync(
            new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "evil.example" } },
            HttpStatusCode.MisdirectedRequest, "misdirected_request");
        await AnswersAsync(
            new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "Origin", "https://evil.example" } } },
            HttpStatusCode.Forbidden, "origin_not_allowed");
        var origin = service.Client.Address.GetLeftPart(UriPartial.Authority);
        using var own = await service.Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { "Origin", origin } } }, Cancelled);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.False(own.Headers.Contains("Access-Control-Allow-Origin"));
    }

    private async Task RefusedAsync(string body, string? param)
    {
        using var answer = await service.Client.PostAsync(Chat.Path, body, Cancelled);
        await RefusedAsync(answer, HttpStatusCode.BadRequest, param, null, body.Length > 500 ? "" : body);
    }

    private async Task<HttpResponseMessage> AnswersAsync(HttpRequestMessage request, HttpStatusCode status, string code)
    {
        var answer = await service.Client.SendAsync(request, Cancelled);
        await RefusedAsync(answer, status, null, code);
        return answer;
    }

    private static async Task<string> RefusedAsync(
        HttpResponseMessage answer, HttpStatusCode status, string? param, string? code, string asked = "")
    {
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(status == answer.StatusCode, $"{asked}\n{answer.StatusCode} {text}");
        var error = CheckShape(text);
        Assert.True(param == (string?)error["param"], $"{asked}\n{text}");
        Assert.Equal(code, (string?)error["code"]);
        Assert.StartsWith("req_", answer.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
        return text;
    }

    /// <summary>An error has all its four fields, and is short.</summary>
    internal static JsonObject CheckShape(string text)
    {
        Assert.InRange(text.Length, 1, 4096);
        var error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(field => field.Key));
        Assert.True(error["message"] is not null && error["type"] is not null, text);
        return error;
    }
}
