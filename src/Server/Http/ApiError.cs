using System.Text.Json.Serialization;

namespace AkkaCp.Server.Http;

/// <summary>The body of an error, and the last event of a stream that failed.</summary>
/// <param name="Error">The error.</param>
internal sealed record ApiErrorBody(ApiError Error)
{
    /// <summary>As an exception says it.</summary>
    public static ApiErrorBody Of(ApiException error) => new(new ApiError(error.Message, error.Type, error.Param, error.Code));
}

/// <summary>An error; all four members are always there.</summary>
/// <param name="Message">For people.</param>
/// <param name="Type">invalid_request_error or server_error.</param>
/// <param name="Param">The field that is wrong.</param>
/// <param name="Code">For programs.</param>
internal sealed record ApiError(
    string Message, string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
