using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// Typed reads of one JSON object that note a reason instead of throwing, so that all mistakes come out at once.
/// </summary>
internal sealed class JsonFields(JsonElement source, string prefix, List<string> reasons)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<string> _assumed = [];

    /// <summary>Dimensions that are not there, with the value taken for each.</summary>
    public IReadOnlyList<string> Assumed => _assumed;

    /// <summary>The object itself.</summary>
    public JsonElement Source => source;

    /// <summary>Whether a key is there with another value than null.</summary>
    public bool Has(string key) => Find(key, required: false, out _);

    /// <summary>Whether a key is there with the value null.</summary>
    public bool IsNull(string key) => source.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A whole number as <see cref="Int"/>; that it is missing is remembered.</summary>
    public int Dimension(string key, int maximum, int whenMissing, int minimum = 1)
    {
        if (!Has(key))
            _assumed.Add($"{key} {whenMissing}");
        return Int(key, maximum, whenMissing, minimum);
    }

    /// <summary>A whole number in [1 or <paramref name="minimum"/>, maximum]; without a default the key is required.</summary>
    public int Int(string key, int maximum, int? whenMissing = null, int minimum = 1)
    {
        if (!Find(key, whenMissing is null, out var value))
            return whenMissing ?? 0;

        if (!JsonNumber.TryGetWhole(value, out var number))
        {
            Note(key, $"a whole number from {minimum} to {maximum}", value.GetRawText());
            return 0;
        }

        if (number < minimum || number > maximum)
        {
            Note(key, $"{minimum} to {maximum}", $"{number}");
            return 0;
        }

        return (int)number;
    }

    /// <summary>A finite number in [minimum, maximum], or <paramref name="whenMissing"/>.</summary>
    public double? Double(string key, double minimum, double maximum, double? whenMissing)
    {
        if (!Find(key, required: false, out var value))
            return whenMissing;

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number)
            || !(number >= minimum && number <= maximum))
        {
            Note(key, FormattableString.Invariant($"a number from {minimum} to {maximum}"), value.GetRawText());
            return whenMissing;
        }

        return number;
    }

    public bool Bool(string key, bool whenMissing)
    {
        if (!Find(key, required: false, out var value))
            return whenMissing;

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Note(key, "true or false", value.GetRawText());
            return whenMissing;
        }

        return value.GetBoolean();
    }

    public string? Text(string key, bool required = false)
    {
        if (!Find(key, required, out var value))
            return null;

        if (value.ValueKind != JsonValueKind.String)
        {
            Note(key, "a string", value.GetRawText());
            return null;
        }

        return value.GetString();
    }

    /// <summary>Whole numbers in [0, below).</summary>
    public IReadOnlyList<int> Ints(string key, int below)
    {
        if (!Find(key, required: false, out var value))
            return [];

        var numbers = new List<int>();
        var valid = value.ValueKind == JsonValueKind.Array;
        foreach (var item in valid ? value.EnumerateArray() : default)
        {
            valid &= item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number) && number >= 0 && number < below
                && AddTo(numbers, number);
        }

        if (!valid)
            Note(key, $"an array of layer numbers from 0 to {below - 1}", value.GetRawText());

        return numbers;
    }

    /// <summary>Token ids: one number or an array of them, or none; a negative one, which no token has, is left out.</summary>
    public IReadOnlyList<int> TokenIds(string key)
    {
        if (!Find(key, required: false, out var value))
            return [];

        var ids = new List<int>();
        foreach (var item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            if (!JsonNumber.TryGetWhole(item, out var id) || id > int.MaxValue)
            {
                Note(key, "a token id or an array of them", value.GetRawText());
                return [];
            }

            if (id >= 0)
                ids.Add((int)id);
        }

        return ids;
    }

    /// <summary>Texts of an array, or none.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        if (!Find(key, required: false, out var value))
            return [];

        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];

        Note(key, "an array of strings", value.GetRawText());
        return [];
    }

    /// <summary>Full names of the keys that are neither read nor in a table.</summary>
    public IEnumerable<string> UnknownTo(KeyTable table) => table.UnknownIn(source, _read).Select(key => prefix + key);

    /// <summary>Notes every key that is set and that nothing here can follow.</summary>
    public void Refuse(KeyTable table)
    {
        foreach (var (key, expected, value) in table.SetIn(source))
            Note(key, expected, value.GetRawText());
    }

    /// <summary>A nested object, or null when the key is missing, null, or something else (which is noted).</summary>
    public JsonFields? Object(string key)
    {
        if (!Find(key, required: false, out var value))
            return null;

        if (value.ValueKind != JsonValueKind.Object)
        {
            Note(key, "an object", value.GetRawText());
            return null;
        }

        return new JsonFields(value, $"{prefix}{key}.", reasons);
    }

    public void Note(string key, string expected, string found) =>
        reasons.Add($"{prefix}{key}: expected {expected}, found {(found.Length > 60 ? found[..60] + "…" : found)}");

    private static bool AddTo(List<int> numbers, int number)
    {
        numbers.Add(number);
        return true;
    }

    private bool Find(string key, bool required, out JsonElement value)
    {
        _read.Add(key);
        if (source.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null)
            return true;

        if (required)
            reasons.Add($"{prefix}{key}: the key is missing");

        return false;
    }
}
