using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>What is known of the keys of one JSON file beyond those that are read.</summary>
/// <param name="changing">Keys that are refused unless they are off.</param>
/// <param name="harmless">Keys that do not change the result, those that are read among them.</param>
/// <param name="parts">Parts of names: a key that is not known and has one is refused as the part's.</param>
internal sealed class KeyTable(
    IReadOnlyList<ChangingKey> changing, IReadOnlyList<string> harmless, IReadOnlyList<ChangingKey>? parts = null)
{
    private readonly Dictionary<string, ChangingKey> _changing = changing.ToDictionary(entry => entry.Key);
    private readonly HashSet<string> _known = [.. harmless, .. changing.Select(entry => entry.Key)];

    /// <summary>The keys that an object sets and that cannot be done.</summary>
    public IEnumerable<(string Key, string Expected, JsonElement Value)> SetIn(JsonElement json) =>
        from member in json.EnumerateObject()
        let key = Find(member.Name)
        where key is not null && !key.IsOff(member.Value)
        select (member.Name, key.Expected, member.Value);

    /// <summary>The keys of an object that are neither read nor known, in the file's order; null values do not count.</summary>
    public IReadOnlyList<string> UnknownIn(JsonElement json, IEnumerable<string> read)
    {
        var names = _known.Union(read).ToHashSet(StringComparer.Ordinal);
        return [.. json.EnumerateObject()
            .Where(member => member.Value.ValueKind != JsonValueKind.Null && !names.Contains(member.Name))
            .Select(member => member.Name)];
    }

    private ChangingKey? Find(string name) =>
        _changing.GetValueOrDefault(name)
        ?? (_known.Contains(name) ? null : parts?.FirstOrDefault(part => name.Contains(part.Key, StringComparison.OrdinalIgnoreCase)));
}
