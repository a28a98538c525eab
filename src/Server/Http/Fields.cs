using System.Text.Json;

namespace AkkaCp.Server.Http;

/// <summary>Fields that take values of several kinds, and rules that hold for many.</summary>
internal static class Fields
{
    /// <summary>Whether a field was left out, or is null.</summary>
    public static bool IsNone(this JsonElement value) => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Refuses a field that has a value.</summary>
    /// <exception cref="ApiException">It has.</exception>
    public static void Refuse(JsonElement value, string field, string why)
    {
        if (!value.IsNone())
            throw ApiException.Unsupported(field, why);
    }

    /// <summary>A string, or a list of them; none for null.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static IReadOnlyList<string> Strings(JsonElement value, string field, int most) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => [],
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array when value.GetArrayLength() > most =>
            throw ApiException.Wrong(field, $"{field} must have at most {most} strings, found {value.GetArrayLength()}"),
        JsonValueKind.Array => [.. value.EnumerateArray().Select((item, index) => String(item, $"{field}[{index}]"))],
        _ => throw Kind(value, field, "a string or a list of strings"),
    };

    /// <summary>A string.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static string String(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Kind(value, field, "a string");

    /// <summary>A member that must be a string.</summary>
    /// <exception cref="ApiException">It is something else, or missing.</exception>
    public static string String(JsonElement parent, string name, string field) =>
        String(parent.TryGetProperty(name, out var value) ? value : default, $"{field}.{name}");

    /// <summary>An object.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static JsonElement Object(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object ? value : throw Kind(value, field, "an object");

    /// <summary>A value is of the wrong kind.</summary>
    public static ApiException Kind(JsonElement value, string field, string expected) =>
        ApiException.Wrong(field, $"{field} must be {expected}, found {NameOf(value)}");

    /// <summary>What a value is, for people.</summary>
    public static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => $"\"{ApiException.Shown(value.GetString()!)}\"",
        _ => ApiException.Shown(value.GetRawText()),
    };
}
