using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Completions;

/// <summary>Bodies of completions.</summary>
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(CompletionBody))]
internal sealed partial class CompletionJson : JsonSerializerContext
{
    /// <summary>As <see cref="JsonRules"/> say.</summary>
    public static CompletionJson Strict { get; } = new(JsonRules.Create());
}
