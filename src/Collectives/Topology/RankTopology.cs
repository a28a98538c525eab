namespace AkkaCp.Collectives.Topology;

/// <summary>
/// The parallel layout: how many ranks share what. Within a pipeline stage a rank's number is (attn_dp, attn_cp, attn_tp) with
/// attn_tp innermost, and at the same time (moe_dp, moe_ep, moe_tp) with moe_tp innermost. Context parallelism takes ranks from
/// tensor parallelism: attn_tp = tp / attn_cp / attn_dp.
/// </summary>
/// <param name="Tp">Ranks of a pipeline stage.</param>
/// <param name="AttnCp">Ranks that share a prompt's rows.</param>
/// <param name="MoeDp">Copies of the experts; with more than one, each works on its own rows.</param>
/// <param name="Ep">Ranks that share the experts of a copy.</param>
/// <param name="AttnDp">Ranks that share the requests.</param>
/// <param name="Pp">Pipeline stages.</param>
public sealed record RankTopology(int Tp, int AttnCp = 1, int MoeDp = 1, int Ep = 1, int AttnDp = 1, int Pp = 1)
{
    /// <summary>All ranks.</summary>
    public int WorldSize => Tp * Pp;

    /// <summary>Ranks that share the heads of the same rows.</summary>
    public int AttnTp => Tp / AttnCp / AttnDp;

    /// <summary>Ranks that share the columns of the same experts.</summary>
    public int MoeTp => Tp / Ep / MoeDp;

    /// <summary>Whether the rows of the context-parallel ranks must be gathered around the MoE, because its ranks hold parts of
    /// the same experts.</summary>
    public bool NeedsMoeGather => AttnCp > MoeDp;

    /// <summary>Everything that is wrong with the layout as such; empty when it can be.</summary>
    public IReadOnlyList<string> Problems() => TopologyProblems.Of(this);

    /// <summary>What this engine does not run although the layout can be: more than one pipeline stage, or attention data
    /// parallelism. Layout problems come first.</summary>
    public IReadOnlyList<string> RunnableProblems() => [.. Problems(), .. TopologyProblems.NotRunnable(this)];

    /// <summary>Throws when the layout cannot be.</summary>
    /// <exception cref="TopologyException">With all reasons.</exception>
    public RankTopology Validate() => ThrowIfAny(Problems());

    /// <summary>Throws when the layout cannot be, or not in this engine.</summary>
    /// <exception cref="TopologyException">With all reasons.</exception>
    public RankTopology ValidateRunnable() => ThrowIfAny(RunnableProblems());

    /// <summary>A rank's place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public RankCoordinates CoordinatesOf(int globalRank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(globalRank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(globalRank, WorldSize);
        var (pp, tp) = Math.DivRem(globalRank, Tp);
        var perMoeDp = Tp / MoeDp;
        return new RankCoordinates(globalRank, pp, tp,
            AttnTpRank: tp % AttnTp,
            AttnCpRank: tp / AttnTp % AttnCp,
            AttnDpRank: tp / (AttnTp * AttnCp),
            MoeDpRank: tp / perMoeDp,
            MoeEpRank: tp % perMoeDp / MoeTp,
            MoeTpRank: tp % MoeTp);
    }

    /// <summary>All groups of a kind, in the order of their first ranks.</summary>
    public IReadOnlyList<GroupMembers> Groups(GroupKind kind) => kind switch
    {
        GroupKind.Tp => Strided(kind, Tp, 1),
        GroupKind.AttnTp => Strided(kind, AttnTp, 1),
        GroupKind.AttnCp => Strided(kind, AttnCp, AttnTp),
        GroupKind.MoeDp when NeedsMoeGather => Strided(kind, AttnCp, AttnTp),
        GroupKind.MoeDp => Strided(kind, MoeDp, Tp / MoeDp),
        GroupKind.MoeEp => Strided(kind, Ep, MoeTp),
        GroupKind.MoeTp => Strided(kind, MoeTp, 1),
        GroupKind.Moe => Strided(kind, Tp / MoeDp, 1),
        GroupKind.Pp => Strided(kind, Pp, Tp),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a group kind"),
    };

    /// <summary>The group of a kind that a rank belongs to.</summary>
    public GroupMembers GroupOf(GroupKind kind, int globalRank) => Groups(kind).Single(group => group.IndexOf(globalRank) >= 0);

    /// <summary>All groups that a rank belongs to, one of each kind.</summary>
    public IReadOnlyList<GroupMembers> GroupsOf(int globalRank) =>
        [.. Enum.GetValues<GroupKind>().Select(kind => GroupOf(kind, globalRank))];

    private RankTopology ThrowIfAny(IReadOnlyList<string> problems) => problems.Count == 0 ? this : throw new TopologyException(problems);

    // Groups of `size` ranks that lie `stride` apart; runs of size·stride ranks follow each other.
    private List<GroupMembers> Strided(GroupKind kind, int size, int stride)
    {
        var groups = new List<GroupMembers>(WorldSize / size);
        for (var run = 0; run < WorldSize; run += size * stride)
        {
            for (var first = run; first < run + stride; first++)
                groups.Add(new GroupMembers(kind, [.. Enumerable.Range(0, size).Select(i => first + (i * stride))]));
        }

        return groups;
    }
}
