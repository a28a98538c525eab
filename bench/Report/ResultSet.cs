using System.Globalization;
using System.Text.Json.Nodes;

namespace AkkaCp.Bench.Report;

/// <summary>The recorded measurements of one machine, by name.</summary>
internal sealed class ResultSet
{
    private readonly SortedDictionary<string, JsonNode> _records = new(StringComparer.Ordinal);

    /// <summary>All records in the order of their names.</summary>
    public IEnumerable<JsonNode> Records => _records.Values;

    /// <summary>Reads <c>FOLDER/json</c>.</summary>
    public static ResultSet Read(string folder)
    {
        var set = new ResultSet();
        foreach (var file in Directory.GetFiles(Path.Combine(folder, "json"), "*.json"))
            set._records.Add(Path.GetFileNameWithoutExtension(file), JsonNode.Parse(File.ReadAllText(file))!);
        return set;
    }

    /// <summary>A number of a record's result itself; null when the record or the number is not there.</summary>
    public double? Number(string name, string key) => Result(name)?[key]?.GetValue<double>();

    /// <summary>
    /// A number of the first row of a table that fits: <c>Row("prefill-q4", "results", "attn_cp=2,prompt_tokens=2048", "ttft_ms")</c>.
    /// </summary>
    public double? Row(string name, string table, string where, string key) =>
        Rows(name, table, where).FirstOrDefault()?[key]?.GetValue<double>();

    /// <summary>The same, from the first record of several that has such a row.</summary>
    public double? Row(IEnumerable<string> names, string table, string where, string key) =>
        names.Select(name => Row(name, table, where, key)).FirstOrDefault(value => value is not null);

    /// <summary>Rows of a table that fit.</summary>
    public IEnumerable<JsonNode> Rows(string name, string table, string where)
    {
        var conditions = where.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(condition => condition.Split('=')).ToArray();
        return (Result(name)?[table] as JsonArray ?? []).Where(row => conditions.All(
            condition => Convert.ToString(row![condition[0]], CultureInfo.InvariantCulture) == condition[1])).Select(row => row!);
    }

    private JsonNode? Result(string name) => _records.TryGetValue(name, out var record) ? record["result"] : null;
}
