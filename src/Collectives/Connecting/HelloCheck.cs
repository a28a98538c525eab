using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Whether two processes may work together.</summary>
internal static class HelloCheck
{
    /// <summary>Everything in which a hello differs from what this process's mesh expects of its sender; empty when nothing does.</summary>
    public static IReadOnlyList<string> Problems(Hello theirs, MeshSpec spec, DataPlaneOptions options)
    {
        var problems = new List<string>();
        Compare("formation", spec.Formation, theirs.Formation);
        Compare("layout", spec.Topology, theirs.Topology);
        Compare("model", spec.Facts.ModelHash, theirs.Facts.ModelHash);
        Compare("kernel numerics", spec.Facts.Numerics, theirs.Facts.Numerics);
        Compare("type", spec.Facts.DType, theirs.Facts.DType);
        Compare("eager bytes", options.EagerBytes, theirs.EagerBytes);
        Compare("eager frames", options.EagerFrames, theirs.EagerFrames);
        Compare("ring processes", options.RingProcesses, theirs.RingProcesses);
        Compare("ring bytes", options.RingBytes, theirs.RingBytes);
        Compare("ranks here", Ranks(spec.LocalRanks.Order()), Ranks(theirs.To));
        return problems;

        void Compare<T>(string what, T expected, T found)
        {
            if (!Equals(expected, found))
                problems.Add($"{what}: expected {expected}, found {found}");
        }
    }

    private static string Ranks(IEnumerable<int> ranks) => string.Join(",", ranks);
}
