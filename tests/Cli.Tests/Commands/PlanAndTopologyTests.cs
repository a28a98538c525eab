using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public class PlanAndTopologyTests
{
    private static readonly string[] s_planKeys = ["cp_size", "split_list", "per_rank_tokens", "cp_reverse_index"];

    private static readonly string[] s_rankKeys =
        ["rank", "q_len_prev", "q_len_next", "kv_len_prev", "kv_len_next", "global_rows"];

    private static readonly JsonNode s_vectors = JsonNode.Parse(File.ReadAllText(RepositoryFiles.CpVectors))!;

    [Fact]
    public async Task Plan_IsThatOfTheReferenceSystem()
    {
        var compared = 0;
        foreach (var expected in s_vectors["zigzag"]!["cases"]!.AsArray().Where(one => (int?)one!["pad_tokens"] is null or 0))
        {
            var run = await CommandRun.OfAsync(
                "plan", "--attn-cp", $"{expected!["cp_size"]}", "--extend", List(expected["extend_lens"]!),
                "--prefix", List(expected["prefix_lens"]!));

            Assert.Equal(0, run.ExitCode);
            var found = JsonNode.Parse(run.Out)!;
            Assert.Equal([.. s_planKeys, "ranks"], found.AsObject().Select(pair => pair.Key));
            AssertSame(s_planKeys, expected, found);
            foreach (var (rank, plan) in expected["ranks"]!.AsArray().Index())
            {
                AssertSame(s_rankKeys.Where(key => plan![key] is not null), plan!,
                    found["ranks"]![rank]!); // Long ones name no rows.
            }

            compared++;
        }

        Assert.True(compared > 5, $"{compared} plans compared");
    }

    [Fact]
    public async Task Topology_IsThatOfTheReferenceSystem()
    {
        var compared = 0;
        foreach (var expected in s_vectors["groups"]!["cases"]!.AsArray())
        {
            var input = expected!["input"]!;
            var run = await CommandRun.OfAsync(
                "topology", "--tp", $"{input["tp"]}", "--attn-cp", $"{input["attn_cp"]}", "--attn-dp", $"{input["attn_dp"]}",
                "--ep", $"{input["ep"]}", "--moe-dp", $"{input["moe_dp"]}", "--pp", $"{input["pp"]}");

            Assert.Equal(0, run.ExitCode);
            var found = JsonNode.Parse(run.Out)!;
            var keys = expected.AsObject().Select(pair => pair.Key)
                .Where(key => key is not ("name" or "origin" or "moe_dp_alias"));
            AssertSame(keys, expected, found);
            compared++;
        }

        Assert.True(compared > 5, $"{compared} layouts compared");
    }

    [Fact]
    public async Task Topology_ThatCannotBe_GivesEveryReasonAndExitCode2()
    {
        var run = await CommandRun.OfAsync("topology", "--tp", "4", "--attn-cp", "3", "--moe-dp", "3");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Out);
        Assert.True(run.ErrorLines.Length >= 2, run.Error);
    }

    [Theory]
    [InlineData("plan --attn-cp 2")]
    [InlineData("plan --extend 9")]
    [InlineData("plan --attn-cp two --extend 9")]
    [InlineData("plan --attn-cp 2 --extend 9,x")]
    [InlineData("plan --attn-cp 0 --extend 9")]
    [InlineData("plan --attn-cp 2 --extend -1")]
    [InlineData("plan --attn-cp 2 --extend 9 --prefix 1,2")]
    [InlineData("plan --attn-cp 2 --extend 2147483647")]
    [InlineData("plan --attn-cp 2 --extend 9 --prefix 2147483647")]
    [InlineData("plan --attn-cp 2147483647 --extend 9")]
    [InlineData("topology")]
    [InlineData("topology --tp 0")]
    [InlineData("topology --tp 99999999999")]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("plan --attn-cp 2 --extend 9 --nonsense")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line)
    {
        var run = await CommandRun.OfAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Out);
        Assert.Single(run.ErrorLines);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private static string List(JsonNode numbers) => string.Join(',', numbers.AsArray());

    private static string? Start(JsonNode? node) => node?.ToJsonString() is { Length: > 500 } text ? text[..500]
        : node?.ToJsonString();

    private static void AssertSame(IEnumerable<string> keys, JsonNode expected, JsonNode found)
    {
        foreach (var key in keys)
        {
            Assert.True(
                JsonNode.DeepEquals(expected[key], found[key]),
                $"{key}: expected {Start(expected[key])}, found {Start(found[key])}");
        }
    }
}
