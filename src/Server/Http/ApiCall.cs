using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AkkaCp.Engine;
using AkkaCp.Server.Json;
using Microsoft.AspNetCore.Http;

namespace AkkaCp.Server.Http;

/// <summary>One request over HTTP, past the door.</summary>
/// <param name="context">The request.</param>
/// <param name="service">What is served.</param>
/// <param name="key">Whose it is; empty where nobody is asked for.</param>
internal sealed class ApiCall(HttpContext context, ApiService service, string key)
{
    /// <summary>The request.</summary>
    public HttpContext Context => context;

    /// <summary>What is served.</summary>
    public ApiService Service => service;

    /// <summary>Whose it is; empty where nobody is asked for.</summary>
    public string Key => key;

    /// <summary>Ends when the client is gone.</summary>
    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>The engine.</summary>
    /// <exception cref="ApiException">It is still loading, or did not load.</exception>
    public InferenceEngine Engine => service.Engine;

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">It is none, or has a field that is unknown or of a wrong type.</exception>
    public Task<T> ReadAsync<T>(JsonTypeInfo<T> type)
        where T : class => RequestBody.ReadAsync(context, service.Settings, type);

    /// <summary>Answers with a body, which is written whole before any of it is sent.</summary>
    public async Task WriteAsync<T>(T body, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        var json = new ArrayBufferWriter<byte>();
        var writer = new Utf8JsonWriter(json, JsonRules.Writing);
        await using (writer.ConfigureAwait(false))
            JsonSerializer.Serialize(writer, body, type);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = json.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(json.WrittenMemory, Aborted).ConfigureAwait(false);
    }
}
