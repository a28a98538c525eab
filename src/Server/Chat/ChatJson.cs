using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Chat;

/// <summary>Bodies of chats.</summary>
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionBody))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    /// <summary>As <see cref="JsonRules"/> say.</summary>
    public static ChatJson Strict { get; } = new(JsonRules.Create());
}
