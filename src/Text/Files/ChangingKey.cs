using System.Globalization;
using System.Text.Json;

namespace AkkaCp.Text.Files;

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
