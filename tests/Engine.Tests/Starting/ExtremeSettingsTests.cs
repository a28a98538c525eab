using System.Net;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>Every key of the configuration, at its bounds and far beyond them.</summary>
public sealed class ExtremeSettingsTests
{
    private static readonly string[] s_values =
    [
        "-1", "-9223372036854775808", "0", "1", "2", "16", "2147483647", "2147483648", "4294967296", "9007199254740992",
        "9223372036854775807",
        "18446744073709551616", "1e308", "-1e308", "1e400", "0.5", "NaN", "Infinity", "0x10", "1 000", "",
        "0ms", "0.5ms", "1ms", "24h", "24.1h", "1000000h", "999999999999999h", "1000000 days", "-1s",
        "0B", "1B", "1MiB", "1048576GiB", "1048577GiB", "999999999999999GiB", "1TB", "auto", "off", "none",
    ];

    private static readonly EngineOptions s_options = new()
    {
        ModelPath = RepositoryFiles.TinyModel("f32"),
        Threads = 1,
        Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "64" },
    };

    /// <summary>All that there are: a new one is walked without being added here.</summary>
    public static TheoryData<string> Keys => [.. ConfigurationKeys.All];

    [Theory]
    [MemberData(nameof(Keys))]
    public async Task AnyValue_StartsOrIsRefusedByItsKey(string key)
    {
        var (wrong, values, taken) = (new List<string>(), new Queue<string>(s_values), new List<string>());
        var bounds = new HashSet<string>();
        while (values.TryDequeue(out var value))
        {
            if (Extremes.OfPlan(key, With(key, value), out var refusal) is { } mistake)
                wrong.Add($"{key} = {value}: {mistake}");
            if (refusal is null)
                taken.Add(value);
            foreach (var bound in Extremes.BoundsIn(refusal ?? "").Where(bounds.Add))
                values.Enqueue(bound);
        }

        // A local engine reads nothing of these two.
        if (!key.StartsWith("cluster.", StringComparison.Ordinal) && !key.StartsWith("transport.", StringComparison.Ordinal))
        {
            foreach (var value in new[] { taken.FirstOrDefault(), taken.LastOrDefault() }.OfType<string>().Distinct())
            {
                if (await Extremes.OfStartAsync(key, With(key, value)) is { } mistake)
                    wrong.Add($"{key} = {value}, started: {mistake}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task EverythingAtItsLargest_Serves()
    {
        var options = s_options with { Overrides = Largest() };
        Assert.Null(await Extremes.OfStartAsync("none", options));
    }

    [Fact]
    public async Task NodeWithEverythingAtItsLargest_Serves()
    {
        var stop = TestContext.Current.CancellationToken;
        var (control, data) = (FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback));
        var options = s_options with
        {
            Overrides = new Dictionary<string, string>(Largest())
            {
                ["akka-cp.cluster.name"] = "extreme",
                ["akka-cp.cluster.port"] = $"{control}",
                ["akka-cp.cluster.seeds"] = $"[\"127.0.0.1:{control}\"]",
                ["akka-cp.cluster.places"] = "1",
                ["akka-cp.cluster.wait-for-nodes"] = "24h",
                ["akka-cp.cluster.lost-epochs"] = "2147483647",
                ["akka-cp.cluster.node-timeout"] = "24h",
                ["akka-cp.transport.port"] = $"{data}",
            },
        };
        await using var node = await ClusterNode.StartAsync(options, cancellationToken: stop);
        await using var client = await InferenceEngine.StartAsync(options, stop);

        var chunks = await TestModel.ToListAsync(client.GenerateAsync(
            new GenerationRequest { Tokens = [1, 2, 3], MaxTokens = 2, IgnoreEos = true }, stop)).WaitAsync(TimeSpan.FromMinutes(1), stop);

        Assert.NotEmpty(chunks);
    }

    private static Dictionary<string, string> Largest() => new()
    {
        ["akka-cp.kv-cache.tokens"] = "64",
        ["akka-cp.kv-cache.memory"] = "1048576GiB",
        ["akka-cp.kv-cache.block-size"] = "1024",
        ["akka-cp.context-parallel.min-tokens"] = "2147483647",
        ["akka-cp.context-parallel.replicate-tokens"] = "2147483647",
        ["akka-cp.scheduler.chunk-tokens"] = "2147483647",
        ["akka-cp.scheduler.max-step-tokens"] = "2147483647",
        ["akka-cp.scheduler.max-running"] = "2147483646",
        ["akka-cp.scheduler.queue-limit"] = "2147483647",
        ["akka-cp.scheduler.steps-in-flight"] = "16",
        ["akka-cp.scheduler.step-timeout"] = "24h",
        ["akka-cp.scheduler.start-timeout"] = "24h",
        ["akka-cp.scheduler.drain-timeout"] = "24h",
        ["akka-cp.parallel.collective-timeout"] = "24h",
    };

    private static EngineOptions With(string key, string value)
    {
        var overrides = new Dictionary<string, string>(s_options.Overrides) { [$"akka-cp.{key}"] = value };
        return s_options with
        {
            ModelPath = key == "model.path" ? null : s_options.ModelPath,
            Threads = key == "device.threads" ? null : s_options.Threads,
            Overrides = overrides,
        };
    }
}
