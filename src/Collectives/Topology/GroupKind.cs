namespace AkkaCp.Collectives.Topology;

/// <summary>The kinds of rank groups, named as in sglang's parallel state.</summary>
public enum GroupKind
{
    /// <summary>All ranks of one pipeline stage.</summary>
    Tp,

    /// <summary>Ranks that share the heads of the same rows: attention outputs are reduced here.</summary>
    AttnTp,

    /// <summary>Ranks that share the rows of a prompt under the same heads: keys and values are gathered here.</summary>
    AttnCp,

    /// <summary>Ranks that hold the same experts' shards; the ATTN_CP group when attn_cp is larger than moe_dp.</summary>
    MoeDp,

    /// <summary>Ranks that hold different experts.</summary>
    MoeEp,

    /// <summary>Ranks that share the columns of the same experts.</summary>
    MoeTp,

    /// <summary>All ranks of one moe_dp part, MOE_EP × MOE_TP together: MoE outputs are reduced here.</summary>
    Moe,

    /// <summary>The same place in every pipeline stage.</summary>
    Pp,
}

/// <summary>Names of <see cref="GroupKind"/>.</summary>
public static class GroupKinds
{
    /// <summary>The kind's name in messages and JSON, such as ATTN_CP.</summary>
    public static string Name(this GroupKind kind) => kind switch
    {
        GroupKind.Tp => "TP",
        GroupKind.AttnTp => "ATTN_TP",
        GroupKind.AttnCp => "ATTN_CP",
        GroupKind.MoeDp => "MOE_DP",
        GroupKind.MoeEp => "MOE_EP",
        GroupKind.MoeTp => "MOE_TP",
        GroupKind.Moe => "MOE",
        GroupKind.Pp => "PP",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a group kind"),
    };
}
