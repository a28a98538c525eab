using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>A JSON value with its file and key path, so that a mistake is named by place, expectation and finding.</summary>
internal readonly record struct LocatedJson(string File, string Path, JsonElement Value)
{
    private const int LongestExcerpt = 60;

    /// <summary>True for a key that is absent and for null.</summary>
    public bool IsAbsent => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>The value of a key, absent or not. This value must be an object.</summary>
    /// <exception cref="ModelFormatException">This value is no object.</exception>
    public LocatedJson this[string key]
    {
        get
        {
            Require(JsonValueKind.Object, "an object");
            var value = Value.TryGetProperty(key, out var found) ? found : default;
            return new LocatedJson(File, Path.Length == 0 ? key : $"{Path}.{key}", value);
        }
    }

    /// <summary>The elements of this array.</summary>
    /// <exception cref="ModelFormatException">This value is no array.</exception>
    public IEnumerable<LocatedJson> Items()
    {
        Require(JsonValueKind.Array, "an array");
        var self = this;
        return Value.EnumerateArray().Select((item, i) => new LocatedJson(self.File, $"{self.Path}[{i}]", item));
    }

    /// <summary>The keys and values of this object.</summary>
    /// <exception cref="ModelFormatException">This value is no object.</exception>
    public IEnumerable<(string Key, LocatedJson Value)> Properties()
    {
        Require(JsonValueKind.Object, "an object");
        foreach (var property in Value.EnumerateObject())
        {
            yield return (property.Name,
                new LocatedJson(File, Path.Length == 0 ? property.Name : $"{Path}.{property.Name}", property.Value));
        }
    }

    /// <summary>This value as text.</summary>
    /// <exception cref="ModelFormatException">It is no string.</exception>
    public string Text()
    {
        Require(JsonValueKind.String, "a string");
        return Value.GetString()!;
    }

    /// <summary>This value as a 32-bit integer.</summary>
    /// <exception cref="ModelFormatException">It is none.</exception>
    public int Integer() =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number) ? number : throw Wrong("an integer");

    /// <summary>This value as a 32-bit integer, which may be written as 20.0; null when absent.</summary>
    /// <exception cref="ModelFormatException">It is no whole number, or below <paramref name="least"/>.</exception>
    public int? WholeNumber(int least = int.MinValue) =>
        IsAbsent ? null
        : JsonNumber.TryGetWhole(Value, out var number) && number >= least && number <= int.MaxValue ? (int)number
        : throw Wrong(least == int.MinValue ? "an integer" : $"an integer of at least {least}");

    /// <summary>This value as a number, null when absent.</summary>
    /// <exception cref="ModelFormatException">It is none.</exception>
    public float? Number() =>
        IsAbsent ? null
        : Value.ValueKind == JsonValueKind.Number && Value.TryGetSingle(out var number) ? number
        : throw Wrong("a number");

    /// <summary>This value as a truth value, false when absent.</summary>
    /// <exception cref="ModelFormatException">It is neither true nor false nor absent.</exception>
    public bool Flag() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => IsAbsent ? false : throw Wrong("true or false"),
    };

    /// <summary>Refuses a flag that is on.</summary>
    /// <exception cref="ModelFormatException">The flag is true, or is no flag.</exception>
    public void RequireOff()
    {
        if (Flag())
            throw Wrong("false, the only value supported");
    }

    /// <summary>The mistake that something else than <paramref name="expected"/> stands here.</summary>
    public ModelFormatException Wrong(string expected) => new(File, Path.Length == 0 ? "the file" : Path, expected, Excerpt());

    private void Require(JsonValueKind kind, string expected)
    {
        if (Value.ValueKind != kind)
            throw Wrong(expected);
    }

    private string Excerpt()
    {
        if (Value.ValueKind == JsonValueKind.Undefined)
            return "nothing";
        var text = Value.GetRawText();
        return text.Length <= LongestExcerpt ? text : text[..LongestExcerpt] + "…";
    }
}
