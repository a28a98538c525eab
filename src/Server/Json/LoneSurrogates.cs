using System.Text;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Server.Json;

/// <summary>Halves of surrogate pairs that JSON can escape and no text may hold: each becomes U+FFFD.</summary>
internal static class LoneSurrogates
{
    /// <summary>The same JSON without them.</summary>
    /// <param name="json">UTF-8.</param>
    public static ReadOnlyMemory<byte> Replaced(ReadOnlyMemory<byte> json) =>
        json.Span.IndexOf("\\ud"u8) < 0 && json.Span.IndexOf("\\uD"u8) < 0
            ? json
            : Encoding.UTF8.GetBytes(WellFormedJson.WithoutHalves(Encoding.UTF8.GetString(json.Span)));
}
