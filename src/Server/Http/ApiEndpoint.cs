using System.Globalization;
using AkkaCp.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Server.Http;

/// <summary>The door of every path: who may come in, which method, and what becomes of failures.</summary>
internal static class ApiEndpoint
{
    private const string RequestId = "x-request-id";

    /// <summary>Adds a path.</summary>
    /// <param name="routes">Where.</param>
    /// <param name="service">What is served.</param>
    /// <param name="method">The one method that it has.</param>
    /// <param name="path">The path.</param>
    /// <param name="answer">Answers a request; what it throws becomes an error.</param>
    /// <param name="needsKey">Whether it asks for a key where keys are configured.</param>
    public static IEndpointConventionBuilder MapApi(
        this IEndpointRouteBuilder routes, ApiService service, string method, string path, Func<ApiCall, Task> answer,
        bool needsKey = true) => routes.Map(path, context => RunAsync(context, service, () =>
        {
            var key = service.Access.Admit(context, needsKey && !IsPreflight(context));
            if (IsPreflight(context) && context.Response.Headers.AccessControlAllowOrigin.Count > 0)
                return Preflight(context);
            var isRight = context.Request.Method == method || (method == HttpMethods.Get && HttpMethods.IsHead(context.Request.Method));
            var call = isRight ? new ApiCall(context, service, key) : throw ApiException.MethodNotAllowed(method);
            return method == HttpMethods.Post ? LimitedAsync(call, answer) : answer(call);
        }));

    /// <summary>What all paths below one that are none get.</summary>
    public static IEndpointConventionBuilder MapNothing(this IEndpointRouteBuilder routes, ApiService service, string path) =>
        routes.Map(path, context => RunAsync(context, service, () =>
        {
            service.Access.Admit(context, needsKey: false);
            throw ApiException.NotFound(context.Request.Path);
        }));

    private static bool IsPreflight(HttpContext context) =>
        HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0;

    private static Task Preflight(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    // What is posted is work; whoever only looks is never refused.
    private static async Task LimitedAsync(ApiCall call, Func<ApiCall, Task> answer)
    {
        using var place = call.Service.Limits.Enter(AccessRules.WhoAsks(call.Context, call.Key), out var refusal);
        await (place is null ? FailAsync(call.Context, call.Service, refusal!) : answer(call)).ConfigureAwait(false);
    }

    private static async Task RunAsync(HttpContext context, ApiService service, Func<Task> answer)
    {
        context.Response.Headers[RequestId] = $"req_{Guid.NewGuid():N}";
        try
        {
            await answer().ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: nobody is left to tell.
        }
#pragma warning disable CA1031 // The outermost frame of a request: every failure becomes an error of the right shape.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await FailAsync(context, service, error).ConfigureAwait(false);
        }
    }

    private static Task FailAsync(HttpContext context, ApiService service, Exception error)
    {
        var failure = AsApi(error);
        if (failure.Status == StatusCodes.Status500InternalServerError)
            service.Log.LogError(error, "request {RequestId} failed", context.Response.Headers[RequestId].ToString());
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        if (failure.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (failure.Allow is { } allow)
            context.Response.Headers.Allow = allow;
        if (failure.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        if (failure.Status == StatusCodes.Status408RequestTimeout)
            context.Response.Headers.Connection = "close";
        // OpenAI's clients ask again whatever failed with 500 or more, unless they are told not to.
        if (failure.Status == StatusCodes.Status504GatewayTimeout)
            context.Response.Headers["x-should-retry"] = "false";
        return new ApiCall(context, service, key: "").WriteAsync(ApiErrorBody.Of(failure), HttpJson.Strict.ApiErrorBody, failure.Status);
    }

    /// <summary>What an exception is to a client.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="prompt">The field that the prompt is in.</param>
    public static ApiException AsApi(Exception error, string prompt = "prompt") => error switch
    {
        ApiException api => api,
        GenerationException generation => ApiException.Of(generation, prompt),
        BadHttpRequestException bad => ApiException.Wrong(null, bad.Message),
        _ => ApiException.Failed(error),
    };
}
