using System.Net;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>What the service says of itself, against what it does.</summary>
public class DescriptionTests(DemoService service)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Description_IsOneOfOpenApi_AtBothPlaces()
    {
        var (status, json) = await service.Client.GetAsync("/openapi/v1.json");

        Assert.Equal((HttpStatusCode.OK, "3.1.1"), (status, (string)json["openapi"]!));
        Assert.Equal(json.ToJsonString(), (await service.Client.GetAsync("/v1/openapi.json")).Body.ToJsonString());
        Assert.Equal("string", (string)json["components"]!["schemas"]!["ApiError"]!["properties"]!["message"]!["type"]!);
    }

    [Fact]
    public async Task Paths_AreThoseThatAreMapped()
    {
        await using var app = await StartAsync(_ => { });
        using var client = new ApiClient(app.Urls.First());
        var mapped = app.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern.RawText!.Replace("{**id}", "{id}", StringComparison.Ordinal))
            .Where(path => path != "/v1/{**path}").Except(["/v1/openapi.json"]);

        Assert.Equal(mapped.Order(), (await Description.LoadAsync(client)).Json["paths"]!.AsObject().Select(path => path.Key).Order());
    }

    /// <summary>Each field that is described is read, and none else.</summary>
    [Theory]
    [InlineData(Chat.Path, "ChatCompletionBody")]
    [InlineData("/v1/completions", "CompletionBody")]
    [InlineData("/tokenize", "TokenizeBody")]
    [InlineData("/detokenize", "DetokenizeBody")]
    public async Task Fields_AreThoseThatAreRead(string path, string type)
    {
        var fields = (await Description.LoadAsync(service.Client)).Json["components"]!["schemas"]![type]!;
        Assert.False((bool)fields["additionalProperties"]!);
        foreach (var field in fields["properties"]!.AsObject().Select(field => field.Key).Append("field_that_is_not_there"))
        {
            using var answer = await service.Client.PostAsync(path, $"{{\"{field}\":null}}", Cancelled);
            var text = await answer.Content.ReadAsStringAsync(Cancelled);
            Assert.True(text.Contains("no field that is known", StringComparison.Ordinal) == (field == "field_that_is_not_there"), field);
        }
    }

    /// <summary>What is outside of the bounds that are described is refused; what is at them is not.</summary>
    [Theory]
    [InlineData(Chat.Path, "ChatCompletionBody")]
    [InlineData("/v1/completions", "CompletionBody")]
    public async Task Bounds_AreThoseThatAreKept(string path, string type)
    {
        var isChat = path == Chat.Path;
        var checks = 0;
        foreach (var (name, field) in (await Description.LoadAsync(service.Client)).Json["components"]!["schemas"]![type]!["properties"]!
            .AsObject())
        {
            foreach (var (bound, outside) in Bounds(field!))
            {
                Assert.False(await IsRefusedAsync(name, outside), $"{name}: {outside}");
                if (bound is not null)
                    Assert.True(await IsRefusedAsync(name, bound), $"{name}: {bound}");
                checks++;
            }
        }

        Assert.InRange(checks, 12, 100);

        async Task<bool> IsRefusedAsync(string name, JsonNode value)
        {
            var body = new JsonObject
            {
                [isChat ? "messages" : "prompt"] = isChat ? Chat.Ask("hi")["messages"]!.DeepClone() : "hi",
                ["max_tokens"] = 1,
            };
            if (name == "top_logprobs")
                body["logprobs"] = true;
            if (name == "max_completion_tokens")
                body.Remove("max_tokens");
            body[name] = value.DeepClone();
            using var answer = await service.Client.PostAsync(path, body.ToJsonString(), Cancelled);
            var text = await ApiClient.BodyAsync(answer);
            if (answer.IsSuccessStatusCode)
                return true;
            Assert.Equal(name, (string?)text["error"]!["param"]);
            return false;
        }
    }

    /// <summary>An application that describes itself with the same library keeps its own description, and its own place for it.</summary>
    [Fact]
    public async Task ApplicationsOwnDescription_StaysItsOwn()
    {
        await using var app = await StartAsync(services => services.AddOpenApi());
        using var client = new ApiClient(app.Urls.First());
        var (_, own) = await client.GetAsync("/openapi/v1.json");

        Assert.Equal(["/mine"], own["paths"]!.AsObject().Select(path => path.Key));
        Assert.Contains(Chat.Path, (await Description.LoadAsync(client)).Json["paths"]!.AsObject().Select(path => path.Key));
    }

    [Fact]
    public async Task Facts_AreAsDescribed()
    {
        var description = await Description.LoadAsync(service.Client);

        description.Check("ModelList", (await service.Client.GetAsync("/v1/models")).Body);
        description.Check("ModelEntry", (await service.Client.GetAsync("/v1/models/demo")).Body);
        description.Check("ClusterPicture", (await service.Client.GetAsync("/v1/cluster")).Body);
        description.Check("ServiceHealth", (await service.Client.GetAsync("/health")).Body);
        description.Check("ApiErrorBody", (await service.Client.GetAsync("/v1/models/other")).Body);
        description.Check("TokenizedText", await service.Client.AskAsync("/tokenize", new JsonObject { ["content"] = "hi" }));
        var tokens = new JsonObject { ["tokens"] = new JsonArray(5) };
        description.Check("DetokenizedText", await service.Client.AskAsync("/detokenize", tokens));
        description.Check("AppliedTemplate", await service.Client.AskAsync("/apply-template", Chat.Ask("hi")));
    }

    [Theory]
    [InlineData("ApiErrorBody", """{"error":{"message":"a","type":"b","param":null}}""")]
    [InlineData("ChatCompletionBody", """{"messages":[{"role":"user","content":7}]}""")]
    [InlineData("ChatCompletionBody", """{"messages":[{"role":"user","content":"a"}],"repetition_penalti":1}""")]
    [InlineData("ChatChunk", """{"id":"a","object":"b","created":1,"model":"m","choices":[],"usage":{}}""")]
    public async Task WhatIsNotDescribed_IsFound(string type, string json)
    {
        var description = await Description.LoadAsync(service.Client);

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => description.Check(type, JsonNode.Parse(json)));
    }

    /// <summary>Values at the bounds of a number, where one may be computed with, and those behind them.</summary>
    private static IEnumerable<(JsonNode? Within, JsonNode Outside)> Bounds(JsonNode field)
    {
        var step = field["type"]?.ToJsonString().Contains("integer", StringComparison.Ordinal) is true ? 1 : 0.5;
        if (field["minimum"] is { } least)
            yield return (Number((double)least), Number((double)least - step));
        if (field["exclusiveMinimum"] is { } above)
            yield return (null, Number((double)above));
        if (field["maximum"] is { } most && (double)most < int.MaxValue)
            yield return ((double)most == 128 ? null : Number((double)most), Number((double)most + step));
    }

    private static JsonValue Number(double value) => value == (long)value ? JsonValue.Create((long)value) : JsonValue.Create(value);

    private static async Task<WebApplication> StartAsync(Action<IServiceCollection> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure(builder.Services);
        var app = builder.Build();
        app.MapAkkaCp(TestModel.Saying("hello").Engine);
        if (builder.Services.Any(service => service.ServiceType.Name.Contains("OpenApi", StringComparison.Ordinal)))
        {
            app.MapOpenApi();
            app.MapGet("/mine", () => "mine");
        }

        await app.StartAsync(Cancelled);
        return app;
    }
}
