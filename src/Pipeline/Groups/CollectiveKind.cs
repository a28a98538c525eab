namespace AkkaCp.Pipeline.Groups;

/// <summary>What a collective is for. Each purpose has its own group, so that a call on the wrong group is seen.</summary>
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

    /// <summary>Sampled tokens or other small results of a step.</summary>
    Result,

    /// <summary>Nothing but waiting for each other.</summary>
    Barrier,
}
