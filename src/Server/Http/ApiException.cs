using AkkaCp.Engine;
using AkkaCp.Scheduling.Requests;
using Microsoft.AspNetCore.Http;

namespace AkkaCp.Server.Http;

/// <summary>A request that gets an error instead of an answer.</summary>
internal sealed class ApiException : Exception
{
    private const string Invalid = "invalid_request_error";
    private const string Unable = "server_error";
    private const int MostCharacters = 1000;

    private ApiException(int status, string type, string message, string? param = null, string? code = null, Exception? cause = null)
        : base(message.Length <= MostCharacters ? message : message[..MostCharacters] + "…", cause)
    {
        (Status, Type, Param, Code) = (status, type, param, code);
    }

    /// <summary>The HTTP status, where the answer has not begun.</summary>
    public int Status { get; }

    /// <summary>Kind of error, in OpenAI's words.</summary>
    public string Type { get; }

    /// <summary>The field that is wrong, such as <c>messages[2].content</c>; null where it is none.</summary>
    public string? Param { get; }

    /// <summary>What programs tell it by; null for a field that is wrong.</summary>
    public string? Code { get; }

    /// <summary>When to come again; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The methods that the path has; null where the method is not what is wrong.</summary>
    public string? Allow { get; private init; }

    /// <summary>A field has a wrong value, or the body is none.</summary>
    public static ApiException Wrong(string? param, string message) => new(StatusCodes.Status400BadRequest, Invalid, message, param);

    /// <summary>A field asks for what the engine cannot do.</summary>
    public static ApiException Unsupported(string param, string why) => Wrong(param, $"{param} {why}");

    /// <summary>No model of the name.</summary>
    public static ApiException ModelNotFound(string asked, string there) => new(
        StatusCodes.Status404NotFound, Invalid, $"model must be {there}, the model that is here, found \"{Shown(asked)}\"", "model",
        "model_not_found");

    /// <summary>Nothing is at the path.</summary>
    public static ApiException NotFound(string path) =>
        new(StatusCodes.Status404NotFound, Invalid, $"there is nothing at {Shown(path)}", code: "not_found");

    /// <summary>The path has other methods.</summary>
    public static ApiException MethodNotAllowed(string allowed) => new(
        StatusCodes.Status405MethodNotAllowed, Invalid, $"the method must be {allowed} here", code: "method_not_allowed")
    {
        Allow = allowed,
    };

    /// <summary>The body is no JSON by its header.</summary>
    public static ApiException MediaType(string? found) => new(
        StatusCodes.Status415UnsupportedMediaType, Invalid,
        $"Content-Type must be application/json, found {(found is null ? "none" : Shown(found))}", code: "unsupported_media_type");

    /// <summary>The body is too large.</summary>
    public static ApiException TooLarge(long limit) => new(
        StatusCodes.Status413PayloadTooLarge, Invalid, $"the body must have at most {limit} bytes, found more", code: "body_too_large");

    /// <summary>The request is for another host than this.</summary>
    public static ApiException OtherHost(string? host) => new(
        StatusCodes.Status421MisdirectedRequest, Invalid,
        $"Host must be one of akka-cp.server.allowed-hosts, found {Shown(host ?? "none")}", code: "misdirected_request");

    /// <summary>A page of another origin asks.</summary>
    public static ApiException OtherOrigin(string origin) => new(
        StatusCodes.Status403Forbidden, Invalid,
        $"Origin must be one of akka-cp.server.allowed-origins, found {Shown(origin)}", code: "origin_not_allowed");

    /// <summary>No key, or a wrong one.</summary>
    public static ApiException InvalidKey(string why) =>
        new(StatusCodes.Status401Unauthorized, Invalid, why, code: "invalid_api_key");

    /// <summary>There is no place, or nobody to compute, now.</summary>
    public static ApiException Overloaded(string why, TimeSpan retryAfter) => new(
        StatusCodes.Status503ServiceUnavailable, Unable, why, code: "server_overloaded")
    {
        RetryAfter = retryAfter,
    };

    /// <summary>Who asks has used its share up.</summary>
    public static ApiException RateLimited(string why, TimeSpan retryAfter) => new(
        StatusCodes.Status429TooManyRequests, Invalid, why, code: "rate_limit_exceeded")
    {
        RetryAfter = retryAfter,
    };

    /// <summary>The body did not arrive in time.</summary>
    public static ApiException SlowBody(TimeSpan limit) => new(
        StatusCodes.Status408RequestTimeout, Invalid, $"the body must arrive within {limit.TotalSeconds} s", code: "body_timeout");

    /// <summary>The answer took too long: to ask again would take as long.</summary>
    public static ApiException TimedOut(TimeSpan limit) => new(
        StatusCodes.Status504GatewayTimeout, Unable,
        $"the answer took longer than akka-cp.server.request-timeout, {limit.TotalSeconds} s", code: "request_timeout");

    /// <summary>The program itself failed.</summary>
    public static ApiException Failed(Exception cause) => new(
        StatusCodes.Status500InternalServerError, Unable, "the server failed; its log says why", code: "internal_error", cause: cause);

    /// <summary>What a failure of the engine is to a client.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="prompt">The field that the prompt is in.</param>
    public static ApiException Of(GenerationException error, string prompt) => error.Kind switch
    {
        FailureKind.Invalid => Wrong(FieldOf(error.Problems[0], prompt), string.Join("; ", error.Problems)),
        FailureKind.ContextLengthExceeded => new ApiException(
            StatusCodes.Status400BadRequest, Invalid, error.Message, prompt, "context_length_exceeded", error),
        FailureKind.Busy => Overloaded(error.Message, TimeSpan.FromSeconds(2)),
        FailureKind.Unavailable => Overloaded(error.Message, TimeSpan.FromSeconds(10)),
        FailureKind.ShuttingDown => Overloaded(error.Message, TimeSpan.FromSeconds(10)),
        _ => new ApiException(StatusCodes.Status500InternalServerError, Unable, error.Message, code: "generation_failed", cause: error),
    };

    /// <summary>The beginning of a client's text, on one line.</summary>
    public static string Shown(string text)
    {
        const int most = 60;
        var start = text.Length <= most ? text : text[..most] + "…";
        return string.Concat(start.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '\uFFFD' : letter));
    }

    // A problem begins with its field: "top_p must be …", "messages[0].role must be …", "tools need messages, …".
    private static string FieldOf(string problem, string prompt)
    {
        var end = problem.IndexOfAny([' ', ':']);
        if (end <= 0 || problem.StartsWith("the ", StringComparison.Ordinal))
            return prompt;
        var field = problem[..end].TrimEnd(',');

        // Its keys are ids and no places in a list.
        return field.StartsWith("logit_bias", StringComparison.Ordinal) ? "logit_bias"
            : field.StartsWith("tokens", StringComparison.Ordinal) ? prompt
            : field;
    }
}
