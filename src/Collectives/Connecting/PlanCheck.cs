using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Whether a plan is one for this process.</summary>
internal static class PlanCheck
{
    /// <exception cref="ArgumentException">It is not; all reasons are named.</exception>
    public static void Require(MeshPlan plan, PeerEndpoint here, long? latestEpoch)
    {
        var problems = Problems(plan, here, latestEpoch).ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", problems), nameof(plan));
        }
    }

    private static IEnumerable<string> Problems(MeshPlan plan, PeerEndpoint here, long? latestEpoch)
    {
        if (plan.Epoch <= latestEpoch)
        {
            yield return $"epoch: expected more than {latestEpoch}, found {plan.Epoch}";
        }

        if (plan.CallTimeout <= TimeSpan.Zero)
        {
            yield return $"call timeout: expected more than 0, found {plan.CallTimeout}";
        }

        foreach (var problem in plan.Topology.Problems())
        {
            yield return problem;
        }

        if (plan.Endpoints.Count != plan.Topology.WorldSize)
        {
            yield return $"endpoints: expected one of each of {plan.Topology.WorldSize} ranks, found {plan.Endpoints.Count}";
            yield break;
        }

        var atHere = Enumerable.Range(0, plan.Endpoints.Count).Where(rank => plan.Endpoints[rank] == here).ToArray();
        if (atHere.Length == 0 || !atHere.SequenceEqual(plan.LocalRanks.Order()))
        {
            yield return $"local ranks: expected those at {here} ({string.Join(",", atHere)}), found {string.Join(",", plan.LocalRanks)}";
        }
    }
}
