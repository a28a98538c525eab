using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// Clusters that live through what a seed gives. <c>AKKACP_SIM_SEEDS=10000</c> runs more seeds, <c>AKKACP_SIM_SEED=17</c> one, with its
/// trace.
/// </summary>
public class ClusterSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 500;
    private const int MostTold = 5;

    [Fact]
    public void AnySeed_EndsEachRequestOnceWithItsTextAndLosesNothing()
    {
        if (Number("AKKACP_SIM_SEED") is { } only)
        {
            Assert.Null(Replay(only));
            return;
        }

        var failures = new ConcurrentDictionary<int, string>();
        Parallel.For(1, (Number("AKKACP_SIM_SEEDS") ?? Seeds) + 1, (seed, loop) =>
        {
            if (Run(new Simulation(seed)) is not { } failure)
                return;
            failures[seed] = failure;
            if (failures.Count >= MostTold)
                loop.Stop();
        });
        Assert.True(failures.IsEmpty, string.Join("\n", failures.OrderBy(failure => failure.Key).Select(Told)));
    }

    /// <summary>Two coordinators gave one epoch, and a node had opened it for the other.</summary>
    [Theory]
    [InlineData(927)]
    [InlineData(3814)]
    [InlineData(6548)]
    public void SeedThatFailedOnce_EndsWell(int seed) => Assert.Null(Run(new Simulation(seed)));

    /// <summary>Every prompt is computed whole then.</summary>
    [Fact]
    public void SeedsWithoutThePrefixCache_EndWell()
    {
        for (var seed = 1; seed <= 50; seed++)
            Assert.Null(Run(new Simulation(seed, prefixCache: false)));
    }

    [Fact]
    public void SameSeed_GivesTheSameTraceByteForByte()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var (first, second) = (new Simulation(seed, isTraced: true), new Simulation(seed, isTraced: true));
            Assert.Equal(Run(first), Run(second));
            Assert.Equal(first.Trace!.ToString(), second.Trace!.ToString());
        }
    }

    private string? Replay(int seed)
    {
        var simulation = new Simulation(seed, isTraced: true);
        var failure = Run(simulation);
        output.WriteLine(simulation.Trace!.ToString());
        return failure;
    }

    private static string? Run(Simulation simulation)
    {
        try
        {
            simulation.Run();
            return null;
        }
#pragma warning disable CA1031 // Whatever is thrown on a turn is a failure of the seed.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return $"after {simulation.Time.Now} ms: {(exception is SimulationException ? exception.Message : exception)}";
        }
    }

    private static string Told(KeyValuePair<int, string> failure) =>
        $"seed {failure.Key} {failure.Value}\n    replay: AKKACP_SIM_SEED={failure.Key} dotnet test tests/Actors.Tests -c Release";

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
