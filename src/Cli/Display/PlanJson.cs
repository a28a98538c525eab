using System.Text.Json;

namespace AkkaCp.Cli.Display;

/// <summary>A <see cref="BatchCut"/> as the JSON object that <c>akkacp plan</c> prints.</summary>
internal static class PlanJson
{
    /// <summary>Writes it: cp_size, split_list, per_rank_tokens, cp_reverse_index, ranks.</summary>
    public static void Write(TextWriter output, BatchCut cut) => JsonOutput.WriteLine(output, json =>
    {
        json.WriteNumber("cp_size", cut.Rows.CpSize);
        WriteArray(json, "split_list", cut.BlockLengths());
        WriteArray(json, "per_rank_tokens", cut.Rows.GatheredRowsPerRank);
        WriteArray(json, "cp_reverse_index", cut.RestoreOrder());
        json.WriteStartArray("ranks");
        for (var rank = 0; rank < cut.Rows.CpSize; rank++)
            WriteRank(json, cut, rank);
        json.WriteEndArray();
    });

    private static void WriteRank(Utf8JsonWriter json, BatchCut cut, int rank)
    {
        var rows = cut.Rows.Rank(rank);
        json.WriteStartObject();
        json.WriteNumber("rank", rows.CpRank);
        WriteArray(json, "q_len_prev", rows.PrevLen);
        WriteArray(json, "q_len_next", rows.NextLen);
        WriteArray(json, "kv_len_prev", rows.KvPrev);
        WriteArray(json, "kv_len_next", rows.KvNext);
        WriteArray(json, "global_rows", cut.GlobalRows(rank));
        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, IEnumerable<int> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
