using System.Text.Json;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// Typed reads of one JSON object that note a reason instead of throwing, so that all mistakes come out at once.
/// </summary>
internal sealed class JsonFields(JsonElement source, string prefix, List<string> reasons)
{
    public bool Has(string key) =>
        source.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A whole number in [1 or <paramref name="minimum"/>, maximum]; without a default the key is required.</summary>
    public int Int(string key, int maximum, int? whenMissing = null, int minimum = 1)
    {
        if (!Find(key, whenMissing is null, out var value))
        {
            return whenMissing ?? 0;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number))
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
        {
            return whenMissing;
        }

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
        {
            return whenMissing;
        }

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
        {
            return null;
        }

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
        {
            return [];
        }

        var numbers = new List<int>();
        var valid = value.ValueKind == JsonValueKind.Array;
        foreach (var item in valid ? value.EnumerateArray() : default)
        {
            valid &= item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number) && number >= 0 && number < below
                && AddTo(numbers, number);
        }

        if (!valid)
        {
            Note(key, $"an array of layer numbers from 0 to {below - 1}", value.GetRawText());
        }

        return numbers;
    }

    /// <summary>A nested object, or null when the key is missing, null, or something else (which is noted).</summary>
    public JsonFields? Object(string key)
    {
        if (!Find(key, required: false, out var value))
        {
            return null;
        }

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
        if (source.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null)
        {
            return true;
        }

        if (required)
        {
            reasons.Add($"{prefix}{key}: the key is missing");
        }

        return false;
    }
}
