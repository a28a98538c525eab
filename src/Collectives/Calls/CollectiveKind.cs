using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Calls;

/// <summary>What a collective is for. Each purpose has its own kind of group, so that a call on the wrong group is seen even when
/// every rank makes the same mistake.</summary>
public enum CollectiveKind
{
    /// <summary>Keys and values of a layer, over ATTN_CP.</summary>
    KvGather,

    /// <summary>Partial sums of the attention output, over ATTN_TP.</summary>
    AttentionReduce,

    /// <summary>Rows for the MoE when attn_cp is larger than moe_dp, over ATTN_CP.</summary>
    MoeGather,

    /// <summary>Partial sums of the MoE output, over MOE.</summary>
    MoeReduce,

    /// <summary>Logits of a step.</summary>
    LogitsGather,

    /// <summary>Rows that go from one member to another, such as pages of K and V, over any kind of group.</summary>
    Transfer,
}

/// <summary>Where collectives belong.</summary>
public static class CollectiveKinds
{
    /// <summary>The one kind of group that a collective may run on; null when any group will do.</summary>
    public static GroupKind? Home(this CollectiveKind kind) => kind switch
    {
        CollectiveKind.KvGather or CollectiveKind.MoeGather => GroupKind.AttnCp,
        CollectiveKind.AttentionReduce or CollectiveKind.LogitsGather => GroupKind.AttnTp,
        CollectiveKind.MoeReduce => GroupKind.Moe,
        _ => null,
    };
}
