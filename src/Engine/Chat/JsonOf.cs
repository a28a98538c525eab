using System.Text.Json;
using AkkaCp.Scheduling.Requests;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>What a program's objects are in JSON.</summary>
internal static class JsonOf
{
    /// <summary>An additional property's value.</summary>
    /// <exception cref="GenerationException">Invalid: JSON cannot carry it, such as NaN or a type that holds itself.</exception>
    public static JsonElement Property(string owner, string key, object? value) =>
        Value($"{owner}[\"{key}\"]", () => JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions));

    /// <summary>What a conversion gives.</summary>
    /// <exception cref="GenerationException">Invalid: it failed.</exception>
    public static T Value<T>(string field, Func<T> convert)
    {
        try
        {
            return convert();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw new GenerationException(FailureKind.Invalid, $"{field} must be JSON, found: {error.Message}", error);
        }
    }
}
