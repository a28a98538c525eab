using AkkaCp.Collectives.Topology;
using Spectre.Console;

namespace AkkaCp.Cli.Display;

/// <summary>A layout for people: its ranks as attention and as the experts see them, and what each group combines.</summary>
internal static class TopologyPicture
{
    private const int MostRanks = 256;
    private const int MostGroups = 8;
    private const int MostMembers = 4;

    private static readonly (GroupKind Kind, string Combines)[] s_groups =
    [
        (GroupKind.AttnCp, "K and V of all rows"),
        (GroupKind.AttnTp, "output projection, vocabulary"),
        (GroupKind.Moe, "the experts' output"),
        (GroupKind.Pp, "a stage's rows, for the next"),
    ];

    /// <summary>Draws it.</summary>
    public static void Draw(IAnsiConsole sheet, RankTopology layout)
    {
        var sizes = new[]
        {
            $"tp {layout.Tp}", $"attn-cp {layout.AttnCp}", $"moe-dp {layout.MoeDp}", $"ep {layout.Ep}",
            layout.AttnDp > 1 ? $"attn-dp {layout.AttnDp}" : "", layout.Pp > 1 ? $"pp {layout.Pp}" : "",
        };
        sheet.WriteLine(
            $"{layout.WorldSize} rank{(layout.WorldSize == 1 ? "" : "s")}: {string.Join(", ", sizes.Where(size => size.Length > 0))}");
        if (layout.WorldSize > MostRanks)
        {
            sheet.WriteLine($"More than {MostRanks} are no picture; --json gives all.");
            return;
        }

        sheet.Write(Grid(layout, "attention", "attn_tp", layout.AttnTp, AttentionRow));
        sheet.Write(Grid(layout, "experts", "moe_tp", layout.MoeTp, ExpertRow));
        sheet.Write(Groups(layout));
        if (layout.NeedsMoeGather)
            sheet.WriteLine("attn_cp > moe_dp: ATTN_CP gathers rows around the experts, too.");
    }

    private static Table Grid(
        RankTopology layout, string title, string column, int columns, Func<RankTopology, RankCoordinates, string> rowOf)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(title)
            .AddColumn(columns == 1 ? $"rank, {column} 0" : $"ranks, {column} 0 to {columns - 1}");
        foreach (var row in Enumerable.Range(0, layout.WorldSize).Select(layout.CoordinatesOf).GroupBy(place => rowOf(layout, place)))
            table.AddRow(row.Key, Ranks(layout, row.Select(place => place.GlobalRank)));
        return table;
    }

    private static string AttentionRow(RankTopology layout, RankCoordinates place) => Stage(layout, place)
        + (layout.AttnDp > 1 ? $"attn_dp {place.AttnDpRank}, " : "") + $"attn_cp {place.AttnCpRank}";

    private static string ExpertRow(RankTopology layout, RankCoordinates place) =>
        $"{Stage(layout, place)}moe_dp {place.MoeDpRank}, moe_ep {place.MoeEpRank}";

    private static string Stage(RankTopology layout, RankCoordinates place) => layout.Pp > 1 ? $"pp {place.PpRank}, " : "";

    private static Table Groups(RankTopology layout)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("group", "ranks", "combines");
        foreach (var (kind, combines) in s_groups)
        {
            var groups = layout.Groups(kind).Where(group => group.Ranks.Count > 1).ToList();
            if (groups.Count > 0)
                table.AddRow(kind.Name(), Some(groups), combines);
        }

        return table.Rows.Count > 0 ? table : table.AddRow("none", "each rank for itself", "nothing");
    }

    private static string Some(List<GroupMembers> groups)
    {
        var shown = string.Join(" | ", groups.Take(MostGroups).Select(group => Members(group.Ranks)));
        return groups.Count <= MostGroups ? shown : $"{shown} | … {groups.Count} in all";
    }

    // Members lie equally far apart.
    private static string Members(IReadOnlyList<int> ranks) => (ranks.Count, ranks[1] - ranks[0]) switch
    {
        ( <= MostMembers, _) => string.Join(' ', ranks),
        (_, 1) => $"{ranks[0]}-{ranks[^1]}",
        (_, var step) => $"{ranks[0]}-{ranks[^1]} by {step}",
    };

    private static string Ranks(RankTopology layout, IEnumerable<int> ranks)
    {
        var width = $"{layout.WorldSize - 1}".Length;
        return string.Join(' ', ranks.Select(rank => $"{rank}".PadLeft(width)));
    }
}
