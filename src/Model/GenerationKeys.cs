using System.Text.Json;

namespace AkkaCp.Model;

/// <summary>Typed access to the keys of generation_config.json. An absent or null key is null; a wrong type names file and key.</summary>
internal sealed class GenerationKeys
{
    private readonly JsonElement _root;

    public GenerationKeys(string file, JsonElement root)
    {
        File = file;
        _root = root;
        if (root.ValueKind != JsonValueKind.Object)
            throw Mistake("top level", "an object", root);
    }

    public string File { get; }

    public bool? Boolean(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Mistake(key, "true or false", other),
    };

    public float? Number(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number => number.GetSingle(),
        { } other => throw Mistake(key, "a number", other),
    };

    public int? Integer(string key, int least) => Find(key) is { } element ? ToInteger(key, element, least) : null;

    public IReadOnlyList<int> TokenIds(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } array => [.. array.EnumerateArray().Select(item => ToInteger(key, item, 0))],
        { } single => [ToInteger(key, single, 0)],
    };

    private int ToInteger(string key, JsonElement element, int least) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value >= least
            ? value
            : throw Mistake(key, $"an integer of at least {least}", element);

    private JsonElement? Find(string key) =>
        _root.TryGetProperty(key, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private ModelFormatException Mistake(string where, string expected, JsonElement found)
    {
        var text = found.GetRawText();
        return new ModelFormatException(File, where, expected, text.Length <= 80 ? text : text[..80] + "…");
    }
}
