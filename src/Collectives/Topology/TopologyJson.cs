using System.Buffers;
using System.Text.Json;

namespace AkkaCp.Collectives.Topology;

/// <summary>A <see cref="RankTopology"/> as the JSON object that <c>akkacp topology</c> prints.</summary>
public static class TopologyJson
{
    private static readonly GroupKind[] s_kinds =
        [GroupKind.Tp, GroupKind.AttnCp, GroupKind.AttnTp, GroupKind.MoeDp, GroupKind.MoeEp, GroupKind.MoeTp, GroupKind.Pp];

    /// <summary>The layout as UTF-8 JSON.</summary>
    /// <param name="topology">A valid layout.</param>
    /// <param name="indented">Line breaks for people.</param>
    /// <exception cref="TopologyException">The layout cannot be.</exception>
    public static byte[] ToUtf8(RankTopology topology, bool indented = false)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented }))
            Write(json, topology.Validate());

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes the layout as one JSON object: its sizes, the groups of each kind, each rank's coordinates.</summary>
    public static void Write(Utf8JsonWriter json, RankTopology topology)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(topology);
        json.WriteStartObject();
        WriteInput(json, topology);
        json.WriteNumber("world_size", topology.WorldSize);
        json.WriteNumber("attn_tp_size", topology.AttnTp);
        json.WriteNumber("moe_tp_size", topology.MoeTp);
        foreach (var kind in s_kinds)
        {
            WriteGroups(json, topology, kind);
            if (kind == GroupKind.MoeDp)
                json.WriteString("moe_dp_alias", MoeDpAlias(topology));
        }

        json.WriteStartArray("coordinates");
        for (var rank = 0; rank < topology.WorldSize; rank++)
            WriteCoordinates(json, topology.CoordinatesOf(rank));

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // MOE_DP is another group under its own name where it has the same members for a reason.
    private static string? MoeDpAlias(RankTopology topology) =>
        topology.NeedsMoeGather ? GroupKind.AttnCp.Name() : topology.MoeDp == topology.Tp ? GroupKind.Tp.Name() : null;

    private static void WriteInput(Utf8JsonWriter json, RankTopology topology)
    {
        json.WriteStartObject("input");
        json.WriteNumber("tp", topology.Tp);
        json.WriteNumber("attn_cp", topology.AttnCp);
        json.WriteNumber("attn_dp", topology.AttnDp);
        json.WriteNumber("ep", topology.Ep);
        json.WriteNumber("moe_dp", topology.MoeDp);
        json.WriteNumber("pp", topology.Pp);
        json.WriteEndObject();
    }

    private static void WriteGroups(Utf8JsonWriter json, RankTopology topology, GroupKind kind)
    {
        json.WriteStartArray(kind.Name());
        foreach (var group in topology.Groups(kind))
        {
            json.WriteStartArray();
            foreach (var rank in group.Ranks)
                json.WriteNumberValue(rank);

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteCoordinates(Utf8JsonWriter json, RankCoordinates rank)
    {
        json.WriteStartObject();
        json.WriteNumber("global_rank", rank.GlobalRank);
        json.WriteNumber("pp_rank", rank.PpRank);
        json.WriteNumber("tp_rank", rank.TpRank);
        json.WriteNumber("attn_tp_rank", rank.AttnTpRank);
        json.WriteNumber("attn_cp_rank", rank.AttnCpRank);
        json.WriteNumber("attn_dp_rank", rank.AttnDpRank);
        json.WriteNumber("moe_dp_rank", rank.MoeDpRank);
        json.WriteNumber("moe_ep_rank", rank.MoeEpRank);
        json.WriteNumber("moe_tp_rank", rank.MoeTpRank);
        json.WriteEndObject();
    }
}
