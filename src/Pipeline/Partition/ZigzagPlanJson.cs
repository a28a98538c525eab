using System.Buffers;
using System.Text.Json;

namespace AkkaCp.Pipeline.Partition;

/// <summary>A <see cref="ZigzagPartition"/> as the JSON object that <c>akkacp plan</c> prints.</summary>
public static class ZigzagPlanJson
{
    /// <summary>The plan as UTF-8 JSON.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="indented">Line breaks for people.</param>
    public static byte[] ToUtf8(ZigzagPartition partition, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented }))
        {
            Write(json, partition);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the plan as one JSON object: cp_size, split_list, per_rank_tokens, cp_reverse_index, ranks.</summary>
    public static void Write(Utf8JsonWriter json, ZigzagPartition partition)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(partition);
        json.WriteStartObject();
        json.WriteNumber("cp_size", partition.CpSize);
        WriteArray(json, "split_list", partition.SplitList);
        WriteArray(json, "per_rank_tokens", partition.PerRankTokens);
        WriteArray(json, "cp_reverse_index", partition.RestoreOrder);
        json.WriteStartArray("ranks");
        foreach (var rank in partition.Ranks)
        {
            WriteRank(json, partition, rank);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRank(Utf8JsonWriter json, ZigzagPartition partition, ZigzagRank rank)
    {
        json.WriteStartObject();
        json.WriteNumber("rank", rank.Rank);
        WriteArray(json, "q_len_prev", rank.QLenPrev);
        WriteArray(json, "q_len_next", rank.QLenNext);
        WriteArray(json, "kv_len_prev", rank.KvLenPrev);
        WriteArray(json, "kv_len_next", rank.KvLenNext);
        WriteArray(json, "global_rows", partition.GlobalRows(rank.Rank));
        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, IReadOnlyList<int> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
