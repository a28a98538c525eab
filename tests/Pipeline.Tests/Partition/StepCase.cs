using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit.Sdk;

namespace AkkaCp.Pipeline.Tests.Partition;

/// <summary>A random step: short, medium and empty requests in any placement. The same cases in every run.</summary>
internal sealed record StepCase(RequestLength[] Requests, CpPlacement[] Placements, int CpSize)
{
    /// <summary>Checks the first <paramref name="count"/> cases; a failure names its case.</summary>
    public static void ForEach(int count, Action<StepCase> check)
    {
        for (var i = 0; i < count; i++)
        {
            var one = Create(new Rng((ulong)i + 1));
            try
            {
                check(one);
            }
            catch (Exception error)
            {
                throw new XunitException($"case {i}, {one}: {error.Message}", error);
            }
        }
    }

    public override string ToString() => $"C {CpSize}, {string.Join("; ", Requests.Zip(Placements))}";

    private static StepCase Create(Rng rng)
    {
        var cpSize = rng.Next(1, 7);
        var requests = new RequestLength[rng.Next(8)];
        var placements = new CpPlacement[requests.Length];
        for (var b = 0; b < requests.Length; b++)
        {
            var most = rng.Next(3) switch { 0 => 4, 1 => 40, _ => 200 };
            requests[b] = new RequestLength(rng.Next(most + 1), rng.Next(200), rng.Next(2) == 0);
            var way = (PlacementKind)rng.Next(3);
            placements[b] = new CpPlacement(way, way == PlacementKind.Dealt ? rng.Next(cpSize) : 0);
        }

        return new StepCase(requests, placements, cpSize);
    }
}
