using AkkaCp.Server.Http;

namespace AkkaCp.Server.Facts;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
internal static class ModelsEndpoints
{
    private static readonly long s_started = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>All models: one.</summary>
    public static Task ListAsync(ApiCall call) => call.WriteAsync(new ModelList("list", [Here(call)]), FactsJson.Strict.ModelList);

    /// <summary>One model.</summary>
    public static Task OneAsync(ApiCall call)
    {
        var (asked, here) = ((string)call.Context.Request.RouteValues["id"]!, Here(call));
        return asked == here.Id
            ? call.WriteAsync(here, FactsJson.Strict.ModelEntry)
            : throw ApiException.ModelNotFound(asked, here.Id);
    }

    private static ModelEntry Here(ApiCall call) => new(
        call.Engine.ModelName, "model", s_started, "akka-cp", call.Engine.ContextLength);
}

/// <summary>Models.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

/// <summary>A model.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Object">model.</param>
/// <param name="Created">When the service began, in seconds since 1970.</param>
/// <param name="OwnedBy">akka-cp.</param>
/// <param name="MaxModelLen">Tokens of prompt and answer together, as vLLM says it.</param>
internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy, int MaxModelLen);
