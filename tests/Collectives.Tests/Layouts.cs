using AkkaCp.Collectives.Topology;
using Xunit;

namespace AkkaCp.Collectives.Tests;

/// <summary>Groups of several sizes, with members here and there.</summary>
internal static class Layouts
{
    /// <summary>Process of each rank, as text, for test names.</summary>
    public static TheoryData<string> All =>
        ["0,1", "0,1,2", "0,1,2,3", "0,1,2,3,4,5,6,7", "0,0,1", "0,1,0", "0,1,1,0", "0,0,1,2,2,1", "0,0"];

    public static int[] Processes(string layout) => [.. layout.Split(',').Select(int.Parse)];

    /// <summary>All ranks in one ATTN_CP group.</summary>
    public static RankTopology OneGroup(int ranks) => new(Tp: ranks, AttnCp: ranks, MoeDp: ranks);
}
