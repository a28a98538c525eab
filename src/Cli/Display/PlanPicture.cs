using System.Globalization;
using Spectre.Console;

namespace AkkaCp.Cli.Display;

/// <summary>A zigzag plan for people: which tokens of each request are whose, as a bar and in numbers,
/// and each rank's share of the work.</summary>
internal static class PlanPicture
{
    private const int MostRequests = 16;
    private const int MostRanks = 64;
    private const int Cells = 24;

    private static readonly (char Cell, Style Style) s_prev = ('█', new Style(Color.Blue));
    private static readonly (char Cell, Style Style) s_next = ('▒', new Style(Color.Green));
    private static readonly (char Cell, Style Style) s_others = ('·', Style.Plain);

    /// <summary>Draws it.</summary>
    public static void Draw(IAnsiConsole sheet, BatchCut cut)
    {
        var (requests, ranks) = (cut.Requests.Length, cut.Rows.CpSize);
        sheet.WriteLine(
            $"{Count(cut.Rows.Gather.TotalRows, "new token")} of {Count(requests, "request")} "
                + $"over {Count(ranks, "context-parallel rank")}");
        for (var request = 0; request < Math.Min(requests, MostRequests); request++)
        {
            var (extend, prefix, _) = cut.Requests[request];
            sheet.WriteLine();
            sheet.WriteLine(
                $"request {request}: {Count(extend, "token")}{(prefix == 0 ? "" : $" behind {prefix} in the KV pool")}, " +
                $"{cut.BlocksPerRequest} blocks");
            sheet.Write(Ranks(cut, request, extend, prefix));
        }

        if (requests > MostRequests || ranks > MostRanks)
            sheet.WriteLine($"Shown are at most {MostRequests} requests and {MostRanks} ranks; --json gives all.");
    }

    private static Table Ranks(BatchCut cut, int request, int extend, int prefix)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("");
        table.AddColumn($"{s_prev.Cell} prev  {s_next.Cell} next").AddColumn("prev").AddColumn("next");
        table.AddColumn(new TableColumn("rows").RightAligned()).AddColumn(new TableColumn("work").RightAligned());
        var all = Pairs(new Block(0, extend), prefix);
        for (var rank = 0; rank < Math.Min(cut.Rows.CpSize, MostRanks); rank++)
        {
            var rows = cut.Rows.Rank(rank);
            var prev = new Block(rows.PrevStart[request], rows.PrevLen[request]);
            var next = new Block(rows.NextStart[request], rows.NextLen[request]);
            var share = (Pairs(prev, prefix) + Pairs(next, prefix)) / Math.Max(1, all);
            table.AddRow(
                Plain($"rank {rank}"), Bar(prev, next, extend), Plain($"{prev}"), Plain($"{next}"),
                Plain($"{prev.Length + next.Length}"), Plain(string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %")));
        }

        return table;
    }

    // A cell stands for the token in its middle.
    private static Paragraph Bar(Block prev, Block next, int extend)
    {
        var bar = new Paragraph();
        for (var cell = 0; cell < Cells; cell++)
        {
            var token = ((2L * cell) + 1) * extend / (2 * Cells);
            var (shape, style) = prev.Holds(token) ? s_prev : next.Holds(token) ? s_next : s_others;
            bar.Append($"{shape}", style);
        }

        return bar;
    }

    // Keys that the rows of a block see, which is what attention costs: row i sees the prefix and the rows up to itself.
    private static double Pairs(Block block, int prefix) =>
        block.Length * ((double)prefix + block.Start + ((block.Length + 1) / 2.0));

    // The engine's own Text is a namespace.
    private static Spectre.Console.Text Plain(string text) => new(text);

    private static string Count(int number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";

    private readonly record struct Block(int Start, int Length)
    {
        public bool Holds(long token) => token >= Start && token < Start + Length;

        public override string ToString() => Length switch
        {
            0 => "none",
            1 => $"{Start}",
            _ => $"{Start}-{Start + Length - 1}",
        };
    }
}
