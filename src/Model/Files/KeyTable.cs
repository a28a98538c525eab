using System.Text.Json;

namespace AkkaCp.Model.Files;

/// <summary>What is known of the keys of one JSON file beyond those that are read.</summary>
/// <param name="changing">Keys that are refused unless they are off.</param>
/// <param name="harmless">Keys that do not change the result.</param>
internal sealed class KeyTable(IReadOnlyList<ChangingKey> changing, IReadOnlyList<string> harmless)
{
    private readonly HashSet<string> _known = [.. harmless, .. changing.Select(entry => entry.Key)];

    /// <summary>The keys that an object sets and that cannot be done.</summary>
    public IEnumerable<(ChangingKey Key, JsonElement Value)> SetIn(JsonElement json) =>
        from key in changing
        where json.TryGetProperty(key.Key, out var value) && !key.IsOff(value)
        select (key, json.GetProperty(key.Key));

    /// <summary>The keys of an object that are neither read nor known, in the file's order; null values do not count.</summary>
    public IReadOnlyList<string> UnknownIn(JsonElement json, IEnumerable<string> read)
    {
        var names = _known.Union(read).ToHashSet(StringComparer.Ordinal);
        return [.. json.EnumerateObject()
            .Where(member => member.Value.ValueKind != JsonValueKind.Null && !names.Contains(member.Name))
            .Select(member => member.Name)];
    }
}
