using System.Text.Json;

namespace AkkaCp.Model.Tokenization;

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
            var key = Decoded(() => property.Name);
            yield return (key, new LocatedJson(File, $"{Path}.{key}", property.Value));
        }
    }

    /// <summary>This value as text.</summary>
    /// <exception cref="ModelFormatException">It is no string, or its escapes make no text.</exception>
    public string Text()
    {
        Require(JsonValueKind.String, "a string");
        var value = Value;
        return Decoded(() => value.GetString()!);
    }

    /// <summary>This value as a 32-bit integer.</summary>
    /// <exception cref="ModelFormatException">It is none.</exception>
    public int Integer() =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var number) ? number : throw Wrong("an integer");

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

    private string Decoded(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFormatException(File, Path, "text in well-formed Unicode", "bytes or escapes that make none", e);
        }
    }

    private string Excerpt()
    {
        if (Value.ValueKind == JsonValueKind.Undefined)
            return "nothing";
        var text = Value.GetRawText();
        return text.Length <= LongestExcerpt ? text : text[..LongestExcerpt] + "…";
    }
}
