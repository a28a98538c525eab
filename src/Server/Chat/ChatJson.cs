using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Chat;

/// <summary>Bodies of chats.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionBody))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    /// <summary>Reads as <see cref="JsonRules"/> say. <c>Default</c> writes the same as this, by code that allocates nothing: converters
    /// rule that out.</summary>
    public static ChatJson Strict { get; } = new(JsonRules.Create());
}
