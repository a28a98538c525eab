using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Facts;

/// <summary>Bodies of what is told of model, tokens and service.</summary>
[JsonSerializable(typeof(AppliedTemplate))]
[JsonSerializable(typeof(ClusterPicture))]
[JsonSerializable(typeof(DetokenizeBody))]
[JsonSerializable(typeof(DetokenizedText))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(NodeHealth))]
[JsonSerializable(typeof(ServiceHealth))]
[JsonSerializable(typeof(TokenizeBody))]
[JsonSerializable(typeof(TokenizedText))]
internal sealed partial class FactsJson : JsonSerializerContext
{
    /// <summary>As <see cref="JsonRules"/> say.</summary>
    public static FactsJson Strict { get; } = new(JsonRules.Create());
}
