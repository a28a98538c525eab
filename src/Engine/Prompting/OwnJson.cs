using System.Text.Json;

namespace AkkaCp.Engine.Prompting;

/// <summary>JSON of a caller, made the engine's own: it outlives the caller's document, and reading it cannot fail any more.</summary>
internal static class OwnJson
{
    /// <summary>The value, well-formed; or what is wrong with it.</summary>
    public static (JsonElement Value, string? Problem) Of(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.Undefined
                ? (default, "a default JsonElement")
                : (JsonSerializer.SerializeToElement(WellFormedJson.Parse(value.GetRawText())), null);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Nested too deep; a disposed document, or bytes that are no UTF-8.
            return (default, error.Message);
        }
    }
}
