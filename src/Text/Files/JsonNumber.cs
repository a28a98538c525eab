using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>Numbers of JSON files that Python wrote, where a whole number may come as 20.0.</summary>
internal static class JsonNumber
{
    private const double LargestExact = 1L << 53;

    /// <summary>A whole number, however it is written.</summary>
    public static bool TryGetWhole(JsonElement value, out long number)
    {
        number = 0;
        if (value.ValueKind != JsonValueKind.Number)
            return false;
        if (value.TryGetInt64(out number))
            return true;

        var isWhole = value.TryGetDouble(out var real) && Math.Abs(real) <= LargestExact && Math.Truncate(real) == real;
        number = isWhole ? (long)real : 0;
        return isWhole;
    }
}
