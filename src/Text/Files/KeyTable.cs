using System.Globalization;
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

/// <summary>
/// A key of a model's files that changes the result and that nothing here follows: only the values that mean "off" are accepted.
/// Null, an empty text, an empty object and an empty list are always off; a list is off when all its items are.
/// </summary>
/// <param name="Key">Its name.</param>
/// <param name="Meaning">What it asks for, behind "expected …:".</param>
/// <param name="Off">Values that mean off, as JSON without quotes; false and 0 where none are given.</param>
internal sealed record ChangingKey(string Key, string Meaning, params string[] Off)
{
    private static readonly string[] s_usual = ["false", "0"];

    /// <summary>What to expect of a file, for its error.</summary>
    public string Expected => $"{(Off.Length == 0 ? "nothing" : string.Join(" or ", Off))} ({Meaning} cannot be done)";

    /// <summary>Whether a value means that the key is off.</summary>
    public bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.EnumerateArray().All(IsOff),
        JsonValueKind.String => value.GetString()!.Length == 0 || Values.Contains(value.GetString(), StringComparer.OrdinalIgnoreCase),
        JsonValueKind.Number => value.TryGetDouble(out var number) && Values.Any(off => IsNumber(off, number)),
        _ => Values.Contains(value.ValueKind == JsonValueKind.True ? "true" : "false"),
    };

    private string[] Values => Off.Length == 0 ? s_usual : Off;

    private static bool IsNumber(string off, double number) =>
        double.TryParse(off, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value == number;
}
