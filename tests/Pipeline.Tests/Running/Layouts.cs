using AkkaCp.Collectives.Topology;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>The layouts that must work, as tp / attn_cp / moe_dp / ep.</summary>
internal static class Layouts
{
    public static readonly RankTopology[] All =
    [
        new(1, 1, 1, 1), new(2, 2, 2, 1), new(2, 2, 1, 2), new(3, 3, 3, 1), new(4, 2, 2, 1), new(4, 2, 1, 4), new(4, 4, 4, 1),
        new(4, 4, 1, 1), new(4, 1, 1, 4), new(2, 1, 1, 1), new(8, 4, 4, 1),
    ];

    public static TheoryData<int, int, int, int> Rows => new(All.Select(t => (t.Tp, t.AttnCp, t.MoeDp, t.Ep)));
}
