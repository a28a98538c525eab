using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Answers;

/// <summary>What bodies of all surfaces hold.</summary>
[JsonSerializable(typeof(TokenUsage))]
internal sealed partial class AnswersJson : JsonSerializerContext
{
    /// <summary>As <see cref="JsonRules"/> say.</summary>
    public static AnswersJson Strict { get; } = new(JsonRules.Create());
}
