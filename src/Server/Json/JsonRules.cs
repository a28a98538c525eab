using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AkkaCp.Server.Json;

/// <summary>How bodies are read and written. Reading is strict: a number is no string, and a name comes once.</summary>
internal static class JsonRules
{
    /// <summary>How deep a body may be nested.</summary>
    public const int MaxDepth = 64;

    /// <summary>Escapes what JSON must, and writes all else as it is: bodies are UTF-8, and no part of a page.</summary>
    public static JsonWriterOptions Writing { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Options for one more set of bodies.</summary>
    public static JsonSerializerOptions Create() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowDuplicateProperties = false,
        MaxDepth = MaxDepth,
        Converters = { new StrictString(), new StrictInt(), new StrictLong(), new StrictFloat(), new StrictBool() },
    };
}
