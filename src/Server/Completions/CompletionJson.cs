using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Completions;

/// <summary>Bodies of completions.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(CompletionBody))]
internal sealed partial class CompletionJson : JsonSerializerContext
{
    /// <summary>Reads as <see cref="JsonRules"/> say. <c>Default</c> writes the same as this, by code that allocates nothing: converters
    /// rule that out.</summary>
    public static CompletionJson Strict { get; } = new(JsonRules.Create());
}
