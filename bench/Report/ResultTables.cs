using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AkkaCp.Bench.Report;

/// <summary>
/// Writes every record as Markdown: one file for each kind, which is a record's name up to the first hyphen; a record's numbers, then a
/// table for each list of objects in it, then one for each list inside those.
/// </summary>
internal static class ResultTables
{
    /// <summary>Writes the files.</summary>
    public static void Write(string folder, ResultSet results)
    {
        foreach (var kind in results.Records.GroupBy(record => Text(record["name"]).Split('-')[0]))
        {
            var text = new StringBuilder($"# {Title(kind.Key)}\n\nMade by `bench/run-all.sh` from the files in [json](json).\n");
            foreach (var record in kind)
                Append(text, record);
            File.WriteAllText(Path.Combine(folder, $"{Title(kind.Key)}.md"), text.ToString());
        }
    }

    private static void Append(StringBuilder text, JsonNode record)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {Text(record["name"])}\n\n`{Text(record["command"])}`\n\n");
        text.Append(
            CultureInfo.InvariantCulture, $"{Text(record["date"])} UTC, commit {Text(record["commit"])}, SDK {Text(record["sdk"])}, ");
        text.Append(CultureInfo.InvariantCulture,
            $"{Text(record["cores"])} cores of {Text(record["processor"])}; load {Text(record["load_before"])} before, ");
        text.Append(CultureInfo.InvariantCulture, $"{Text(record["load_behind"])} behind; {Text(record["seconds"])} s.\n");
        var result = record["result"]!.AsObject();
        text.Append('\n').AppendJoin(", ", Scalars(result).Select(pair => $"{Words(pair.Key)} {Text(pair.Value)}")).Append('\n');
        foreach (var (_, rows) in Tables(result))
        {
            AppendTable(text, rows.Select(row => row!.AsObject()));
            foreach (var inner in rows.SelectMany(row => Tables(row!.AsObject()).Select(table => table.Key)).Distinct())
                AppendTable(text, rows.SelectMany(row => Inner(row!.AsObject(), inner)));
        }
    }

    /// <summary>Rows of an inner table, each with the numbers that tell its outer row apart.</summary>
    private static IEnumerable<JsonObject> Inner(JsonObject row, string table) => (row[table] as JsonArray ?? []).Select(inner =>
    {
        var both = new JsonObject();
        foreach (var (key, value) in Scalars(row)
            .Where(pair => pair.Key is "prompt_tokens" or "attn_cp" or "threads" or "depth" or "streams"))
        {
            both[key] = value!.DeepClone();
        }

        foreach (var (key, value) in Scalars(inner!.AsObject()))
            both[key] = value!.DeepClone();
        return both;
    });

    private static void AppendTable(StringBuilder text, IEnumerable<JsonObject> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return;
        var columns = all.SelectMany(row => Scalars(row).Select(pair => pair.Key)).Distinct().ToList();
        text.Append("\n| ").AppendJoin(" | ", columns.Select(Words)).Append(" |\n|").Insert(text.Length, "---|", columns.Count)
            .Append('\n');
        foreach (var row in all)
            text.Append("| ").AppendJoin(" | ", columns.Select(column => Text(row[column]))).Append(" |\n");
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Scalars(JsonObject node) => node.Where(pair => pair.Value is JsonValue);

    private static IEnumerable<KeyValuePair<string, JsonArray>> Tables(JsonObject node) => node
        .Where(pair => pair.Value is JsonArray { Count: > 0 } rows && rows[0] is JsonObject)
        .Select(pair => KeyValuePair.Create(pair.Key, (JsonArray)pair.Value!));

    private static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => Number(value.GetValue<double>()),
        _ => node.ToString(),
    };

    /// <summary>Four digits that count; whole numbers whole.</summary>
    private static string Number(double value) => value == Math.Floor(value)
        ? value.ToString("F0", CultureInfo.InvariantCulture)
        : value.ToString($"F{Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6)}", CultureInfo.InvariantCulture);

    private static string Words(string key) => key.Replace('_', ' ')
        .Replace("gflops", "GFLOP/s", StringComparison.Ordinal).Replace("gops", "GOP/s", StringComparison.Ordinal)
        .Replace("g bps", "GB/s", StringComparison.Ordinal).Replace("gbps", "GB/s", StringComparison.Ordinal)
        .Replace("d type", "dtype", StringComparison.Ordinal);

    private static string Title(string kind) => $"{char.ToUpperInvariant(kind[0])}{kind[1..]}";
}
