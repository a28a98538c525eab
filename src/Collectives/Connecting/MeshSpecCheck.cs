using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Whether a spec is one for this process.</summary>
internal static class MeshSpecCheck
{
    /// <exception cref="ArgumentException">It is not; all reasons are named.</exception>
    public static void Require(MeshSpec spec, PeerEndpoint here, long? latestEpoch)
    {
        var problems = Problems(spec, here, latestEpoch).ToList();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems), nameof(spec));
    }

    private static IEnumerable<string> Problems(MeshSpec spec, PeerEndpoint here, long? latestEpoch)
    {
        if (spec.Epoch <= latestEpoch)
            yield return $"epoch: expected more than {latestEpoch}, found {spec.Epoch}";

        if (spec.CallTimeout <= TimeSpan.Zero)
            yield return $"call timeout: expected more than 0, found {spec.CallTimeout}";

        foreach (var problem in spec.Topology.Problems())
            yield return problem;

        if (spec.Endpoints.Count != spec.Topology.WorldSize)
        {
            yield return $"endpoints: expected one of each of {spec.Topology.WorldSize} ranks, found {spec.Endpoints.Count}";
            yield break;
        }

        var atHere = Enumerable.Range(0, spec.Endpoints.Count).Where(rank => spec.Endpoints[rank] == here).ToArray();
        if (atHere.Length == 0 || !atHere.SequenceEqual(spec.LocalRanks.Order()))
            yield return $"local ranks: expected those at {here} ({string.Join(",", atHere)}), found {string.Join(",", spec.LocalRanks)}";
    }
}
