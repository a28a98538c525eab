using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Partition;

public sealed class CpPolicyTests
{
    private static readonly CpPolicySettings s_splitAll = new() { MinTokens = 0, ReplicateTokens = 4 };
    private static readonly CpPolicySettings s_splitLong = new() { MinTokens = 2048, ReplicateTokens = 16 };

    // Our own table for the reference system's can_apply cases, in their order; its answer is beside ours. There it is one answer for
    // the batch, here one for each request. S = split, D0 = dealt to rank 0, R = replicated.
    private static readonly (int[] Lens, string Mode, bool CanApply, string Ours)[] s_table =
    [
        ([8], "EXTEND", true, "S"),
        ([7], "EXTEND", false, "D0"), // below 2C: one rank takes it, the others are free for other steps
        ([100, 3], "EXTEND", false, "S D0"), // the short request does not switch the long one's split off
        ([100, 4], "EXTEND", true, "S S"),
        ([100], "EXTEND", false, "R"), // one rank
        ([100], "DECODE", false, "R"), // a lone decoding request, however many rows it has
        ([100], "IDLE", false, ""), // no request, no rows
        ([100], "TARGET_VERIFY", false, "R"), // rows behind a finished prompt are decode rows
        ([100, 1], "MIXED", false, "S D0"), // the decode row is dealt beside the split prompt
        ([8], "MIXED", true, "S"),
    ];

    [Fact]
    public void EachCaseOfTheReferenceSystem_HasOurAnswer()
    {
        var cases = CpVectors.Cases("can_apply");
        Assert.Equal(s_table.Length, cases.Count);
        foreach (var (expected, one) in s_table.Zip(cases))
        {
            var mode = one.GetProperty("mode").GetString()!;
            Assert.Equal((expected.Mode, expected.CanApply), (mode, one.GetProperty("v2").GetBoolean()));
            Assert.Equal(expected.Lens, one.Ints("extend_lens"));

            RequestLength[] requests = mode switch
            {
                "IDLE" => [],
                "DECODE" or "TARGET_VERIFY" => [.. expected.Lens.Select(length => new RequestLength(length, 50, true))],
                "MIXED" => [.. expected.Lens.Select(length => new RequestLength(length, 0, length == 1))],
                _ => [.. expected.Lens.Select(length => new RequestLength(length, 0, false))],
            };
            Assert.Equal(expected.Ours, Describe(CpPolicy.Assign(requests, one.Int("cp"), s_splitAll)));
        }
    }

    [Theory]
    [InlineData("2048", "S")]
    [InlineData("2047", "D0")] // below min-tokens
    [InlineData("16", "R")] // a tiny prompt alone
    [InlineData("17", "D0")]
    [InlineData("1", "R")] // a one-token chunk alone is tiny as well
    [InlineData("d1", "R")]
    [InlineData("d1 d1", "D0 D1")]
    [InlineData("d1 d1 d1", "D0 D1 D0")]
    [InlineData("16 16", "D0 D1")] // tiny, but not alone
    [InlineData("10 20 30", "D1 D1 D0")] // the longest first
    [InlineData("2049 d1", "S D1")] // rank 1 has one split row less
    [InlineData("3000 500 400 d1 1", "S D0 D1 D1 D1")]
    [InlineData("d3000", "R")] // decode rows are never split
    [InlineData("3000 d3000", "S D0")]
    [InlineData("", "")]
    public void Step_OnTwoRanks_IsPlacedSo(string step, string expected) =>
        Assert.Equal(expected, Describe(CpPolicy.Assign(Parse(step), 2, s_splitLong)));

    [Fact]
    public void OneRank_ReplicatesEverything() =>
        Assert.Equal("R R R", Describe(CpPolicy.Assign(Parse("5000 10 d1"), 1, new CpPolicySettings())));

    // A short last chunk of a long prompt looks like a decode row by its length; its state decides.
    [Fact]
    public void OneTokenChunk_IsNotADecodeRow()
    {
        var settings = new CpPolicySettings { MinTokens = 0, ReplicateTokens = 0 };
        Assert.Equal("D0", Describe(CpPolicy.Assign([new RequestLength(1, 100, false)], 2, settings)));
        Assert.Equal("R", Describe(CpPolicy.Assign([new RequestLength(1, 100, true)], 2, settings)));
    }

    [Fact]
    public void WrongArguments_AreRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => CpPolicy.Assign([new RequestLength(-1, 0, false)], 0, s_splitAll));
        Assert.Contains("cpSize", error.Message, StringComparison.Ordinal);
        Assert.Contains("requests[0]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => CpPolicy.Assign([], 2, s_splitAll with { MinTokens = -1 }));
    }

    [Fact]
    public void DealtRows_AreSpreadEvenly() => StepCase.ForEach(1000, one =>
    {
        var placements = CpPolicy.Assign(one.Requests, one.CpSize, s_splitAll);
        Assert.Equal(placements, CpPolicy.Assign(one.Requests, one.CpSize, s_splitAll));
        var rows = StepRows.Create(one.Requests, placements, one.CpSize).GatheredRowsPerRank;
        var longestDealt = one.Requests.Where((_, b) => placements[b].Kind == PlacementKind.Dealt)
            .Select(request => request.Extend).DefaultIfEmpty().Max();

        // Splitting leaves at most one row a request between ranks; dealing to the least loaded adds at most one request.
        Assert.InRange(rows.Max() - rows.Min(), 0, Math.Max(longestDealt, one.Requests.Length));
    });

    private static RequestLength[] Parse(string step) =>
        [.. step.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one =>
            new RequestLength(int.Parse(one.TrimStart('d')), one[0] == 'd' ? 40 : 0, one[0] == 'd'))];

    private static string Describe(CpPlacement[] placements) => string.Join(' ', placements.Select(one => one.Kind switch
    {
        PlacementKind.Split => "S",
        PlacementKind.Dealt => $"D{one.Owner}",
        _ => "R",
    }));
}
