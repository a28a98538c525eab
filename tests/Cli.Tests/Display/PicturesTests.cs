using AkkaCp.Cli.Display;
using AkkaCp.Collectives.Topology;
using Xunit;

namespace AkkaCp.Cli.Tests.Display;

/// <summary>Pictures on a sheet of 80 columns without colours, which is what a stream that is no terminal gets.</summary>
public class PicturesTests
{
    [Fact]
    public void Plan_ShowsWhoseEachTokenIs() => AssertDrawn(
        """
        13 new tokens of 2 requests over 2 context-parallel ranks

        request 0: 10 tokens, 4 blocks

                   █ prev  ▒ next             prev   next   rows   work
        ─────────────────────────────────────────────────────────────────
          rank 0   ███████············▒▒▒▒▒   0-2    8-9       5   45 %
          rank 1   ·······███████▒▒▒▒▒·····   3-5    6-7       5   55 %


        request 1: 3 tokens behind 100 in the KV pool, 4 blocks

                   █ prev  ▒ next             prev   next   rows   work
        ─────────────────────────────────────────────────────────────────
          rank 0   ████████················   0      none      1   33 %
          rank 1   ········████████▒▒▒▒▒▒▒▒   1      2         2   67 %
        """,
        Plan([10, 3], [0, 100], 2));

    [Fact]
    public void Topology_ShowsTheRanksAsAttentionAndExpertsSeeThem() => AssertDrawn(
        """
        4 ranks: tp 4, attn-cp 2, moe-dp 2, ep 1

          attention   ranks, attn_tp 0 to 1
        ─────────────────────────────────────
          attn_cp 0   0 1
          attn_cp 1   2 3


          experts              ranks, moe_tp 0 to 1
        ─────────────────────────────────────────────
          moe_dp 0, moe_ep 0   0 1
          moe_dp 1, moe_ep 0   2 3


          group     ranks       combines
        ───────────────────────────────────────────────────────
          ATTN_CP   0 2 | 1 3   K and V of all rows
          ATTN_TP   0 1 | 2 3   output projection, vocabulary
          MOE       0 1 | 2 3   the experts' output
        """,
        Topology(new RankTopology(4, AttnCp: 2, MoeDp: 2)));

    [Theory]
    [InlineData(4, 16384)]
    [InlineData(64, 1_000_000)]
    [InlineData(4096, 5)]
    public void Plans_FitIn80Columns(int ranks, int tokens) => AssertFits(Plan([tokens], [], ranks));

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(4, 2, 1, 4)]
    [InlineData(64, 8, 8, 1)]
    [InlineData(256, 16, 1, 16)]
    [InlineData(4096, 64, 64, 1)]
    public void Topologies_FitIn80Columns(int tp, int attnCp, int moeDp, int ep) =>
        AssertFits(Topology(new RankTopology(tp, attnCp, moeDp, ep)));

    [Fact]
    public void Topology_OfManyRanks_SaysHowTheMembersOfAGroupLie()
    {
        var drawn = Topology(new RankTopology(256, AttnCp: 16, MoeDp: 1, Ep: 16));

        Assert.Contains("0-240 by 16 | 1-241 by 16 |", drawn, StringComparison.Ordinal);
        Assert.Contains("MOE       0-255 ", drawn, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan --attn-cp 2 --extend 10", "rank 1")]
    [InlineData("topology --tp 4 --attn-cp 2 --moe-dp 2", "ATTN_CP")]
    public async Task ATerminal_GetsThePicture_AndJsonWhereItIsAskedFor(string line, string inThePicture)
    {
        var (picture, json) = (await RunAsync(line, isTerminal: true), await RunAsync(line + " --json", isTerminal: true));

        Assert.Contains(inThePicture, picture, StringComparison.Ordinal);
        Assert.DoesNotContain('{', picture);
        Assert.StartsWith("{", json, StringComparison.Ordinal);
        Assert.Equal(json, await RunAsync(line, isTerminal: false));
    }

    private static async Task<string> RunAsync(string line, bool isTerminal)
    {
        await using var output = new StringWriter();
        var io = new CommandIo(TextReader.Null, output, TextWriter.Null, OutputIsTerminal: isTerminal);
        Assert.Equal(0, await Program.RunAsync(line.Split(' '), io, TestContext.Current.CancellationToken));
        return output.ToString();
    }

    private static string Plan(int[] extend, int[] prefix, int ranks)
    {
        using var output = new StringWriter();
        PlanPicture.Draw(Sheet.On(output), new BatchCut(extend, prefix, ranks));
        return output.ToString();
    }

    private static string Topology(RankTopology layout)
    {
        using var output = new StringWriter();
        TopologyPicture.Draw(Sheet.On(output), layout);
        return output.ToString();
    }

    private static void AssertDrawn(string expected, string drawn) => Assert.Equal(
        expected.ReplaceLineEndings("\n").Trim(), string.Join('\n', drawn.Split('\n').Select(line => line.TrimEnd())).Trim());

    private static void AssertFits(string drawn)
    {
        Assert.All(drawn.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }
}
