using System.Text.Json;

namespace AkkaCp.Testing;

/// <summary>Reader of tests/vectors/cp.json, the numbers of the reference system.</summary>
public static class CpVectors
{
    private static readonly Lazy<JsonElement> s_document = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.CpVectors)).RootElement.Clone());

    /// <summary>The whole section <paramref name="name"/>, such as "zigzag".</summary>
    /// <exception cref="KeyNotFoundException">The file has no such section.</exception>
    public static JsonElement Section(string name) => s_document.Value.TryGetProperty(name, out var section)
        ? section
        : throw new KeyNotFoundException($"{RepositoryFiles.CpVectors} has no section \"{name}\".");

    /// <summary>The objects of a section's "cases" list, in file order.</summary>
    public static IReadOnlyList<JsonElement> Cases(string section) => [.. Section(section).GetProperty("cases").EnumerateArray()];

    /// <summary>The names of a section's cases, for data-driven tests.</summary>
    public static IEnumerable<string> CaseNames(string section) => Cases(section).Select(c => c.GetProperty("name").GetString()!);

    /// <summary>The case of <paramref name="section"/> whose name is <paramref name="name"/>.</summary>
    public static JsonElement Case(string section, string name) =>
        Cases(section).Single(c => c.GetProperty("name").GetString() == name);

    /// <summary>A list of whole numbers; null where the property is absent or null.</summary>
    public static int[]? Ints(this JsonElement element, string property) =>
        element.Has(property) ? [.. element.GetProperty(property).EnumerateArray().Select(e => e.GetInt32())] : null;

    /// <summary>A whole number; <paramref name="absent"/> where the property is absent or null.</summary>
    public static int Int(this JsonElement element, string property, int absent = 0) =>
        element.Has(property) ? element.GetProperty(property).GetInt32() : absent;

    /// <summary>A number, where "inf" and "-inf" stand for the infinities.</summary>
    public static double Number(this JsonElement element) => element.ValueKind == JsonValueKind.String
        ? element.GetString() switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            var other => throw new FormatException($"\"{other}\" is not a number"),
        }
        : element.GetDouble();

    /// <summary>True when the property is there and not null.</summary>
    public static bool Has(this JsonElement element, string property) =>
        element.TryGetProperty(property, out var value) && value.ValueKind != JsonValueKind.Null;
}
