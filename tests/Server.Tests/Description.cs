using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>The service's own description, as schemas that its answers are held to.</summary>
internal sealed class Description
{
    private const string Place = "#/components/schemas/";

    private readonly ConcurrentDictionary<string, JsonSchema> _schemas = [];

    private Description(JsonNode json) => Json = json;

    /// <summary>The document.</summary>
    public JsonNode Json { get; }

    public static async Task<Description> LoadAsync(ApiClient client) => new((await client.GetAsync("/v1/openapi.json")).Body);

    /// <summary>An object is what the description says of its type.</summary>
    public void Check(string type, JsonNode? value)
    {
        var evaluation = new EvaluationOptions { OutputFormat = OutputFormat.List };
        var results = _schemas.GetOrAdd(type, Schema).Evaluate(JsonSerializer.SerializeToElement(value), evaluation);
        var problems = results.Details!.Where(detail => detail.Errors is not null)
            .Select(detail => $"{detail.InstanceLocation} {string.Join(' ', detail.Errors!.Values)}");
        Assert.True(results.IsValid, $"{type}: {value?.ToJsonString()}\n{string.Join('\n', problems)}");
    }

    private JsonSchema Schema(string type)
    {
        var text = new JsonObject
        {
            ["$id"] = $"https://akka-cp.test/{Guid.NewGuid()}/{type}",
            ["$ref"] = $"{Place}{type}",
            ["$defs"] = Json["components"]!["schemas"]!.DeepClone(),
        };
        return JsonSchema.FromText(text.ToJsonString().Replace(Place, "#/$defs/", StringComparison.Ordinal));
    }
}
