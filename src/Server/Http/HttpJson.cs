using System.Text.Json.Serialization;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Http;

/// <summary>Bodies of errors.</summary>
[JsonSerializable(typeof(ApiErrorBody))]
[JsonSerializable(typeof(string))]
internal sealed partial class HttpJson : JsonSerializerContext
{
    /// <summary>As <see cref="JsonRules"/> say.</summary>
    public static HttpJson Strict { get; } = new(JsonRules.Create());
}
