using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Clients that hang up at random moments, half of them on streams; AKKACP_LEAVING says how many.</summary>
public class HangUpTests
{
    private const int AtATime = 200;

    private static readonly int s_count =
        int.Parse(Environment.GetEnvironmentVariable("AKKACP_LEAVING") ?? "60", CultureInfo.InvariantCulture);

    private static readonly JsonObject s_good = Chat.Ask("what is 3 + 4?", ("max_tokens", 4), ("seed", 5));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ClientsThatHangUp_AreGone_AndSoIsTheirKv()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options());
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        await HangUpAndCheckAsync(client);
    }

    [Fact]
    public async Task ClientsOfAGatewayThatHangUp_AreGone_AndSoIsTheirKvOnBothNodes()
    {
        await using var gateway = await DemoGateway.StartAsync();
        await HangUpAndCheckAsync(gateway.Client);
    }

    private static async Task HangUpAndCheckAsync(ApiClient client)
    {
        var expected = Chat.Comparable(await client.AskAsync(Chat.Path, s_good));
        var before = await UntilIdleAsync(client);
        var moments = new int[Enum.GetValues<Moment>().Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, s_count), new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = Cancelled },
            async (number, _) => Interlocked.Increment(ref moments[(int)await HangUpAsync(client, number)]));

        var last = (await client.GetAsync("/v1/cluster")).Body;
        var after = await UntilIdleAsync(client);
        Assert.Equal((long)before["epoch"]!, (long)after["epoch"]!);
        Assert.Equal(expected, Chat.Comparable(await client.AskAsync(Chat.Path, s_good)));
        var said = string.Join(", ", Enum.GetValues<Moment>().Select(moment => $"{moments[(int)moment]} {moment}"));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{said}; {last["requests_running"]} running and {last["requests_waiting"]} waiting when the last had left, none "
            + $"{(long)after["steps_done"]! - (long)last["steps_done"]!} steps later");
    }

    /// <summary>Leaves at once, after a while, or, on a stream, after some events: before the first byte, in the queue, in the prefill of
    /// a long prompt, and in decode.</summary>
    private static async Task<Moment> HangUpAsync(ApiClient client, int number)
    {
        var random = new Random(number);
        var stream = number % 2 == 0;
        var lastLine = 2 * random.Next(2, 40);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        leaving.CancelAfter(random.Next(3) switch
        {
            0 => random.Next(20),
            1 => random.Next(1000),
            _ => stream ? 60_000 : random.Next(3000),
        });
        var moment = Moment.BeforeTheHeaders;
        try
        {
            var words = string.Concat(Enumerable.Repeat("word ", random.Next(6) == 0 ? 600 : random.Next(1, 60)));
            var body = Chat.Ask($"{number} {words}", ("max_tokens", 1000), ("ignore_eos", true), ("stream", stream));
            using var answer = await client.PostAsync(Chat.Path, body.ToJsonString(), leaving.Token);
            moment = answer.IsSuccessStatusCode ? Moment.BehindTheHeaders : Moment.Refused;
            await using var content = await answer.Content.ReadAsStreamAsync(leaving.Token);
            using var reader = new StreamReader(content);
            for (var lines = 0; await reader.ReadLineAsync(leaving.Token) is not null; lines++)
            {
                if (moment is Moment.BehindTheHeaders && lines > 2)
                    moment = Moment.InTheText;
                if (lines == lastLine)
                    break;
            }
        }
        catch (OperationCanceledException) when (!Cancelled.IsCancellationRequested)
        {
        }

        return moment;
    }

    /// <summary>Waits until nobody runs, nobody waits, and every block is free or kept for who asks again. One who left has its blocks
    /// until the step that it is in ends.</summary>
    private static async Task<JsonNode> UntilIdleAsync(ApiClient client)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var cluster = (await client.GetAsync("/v1/cluster")).Body;
            var held = (int)cluster["kv_blocks"]! - (int)cluster["kv_blocks_free"]!;
            if (((int)cluster["requests_running"]!, (int)cluster["requests_waiting"]!, held) == (0, 0, 0))
                return cluster;
            Assert.False(patience.IsCancellationRequested, cluster.ToJsonString());
            await Task.Delay(20, Cancelled);
        }
    }

    private enum Moment
    {
        BeforeTheHeaders,
        BehindTheHeaders,
        InTheText,
        Refused,
    }
}
