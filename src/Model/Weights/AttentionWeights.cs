using AkkaCp.Model.Configuration;

namespace AkkaCp.Model.Weights;

/// <summary>Attention weights of one layer on one rank, of the kind that the model has.</summary>
public abstract class AttentionWeights;

/// <summary>The pieces of <see cref="AttentionWeights"/>: which tensors they are read from, and how ATTN_TP cuts them.</summary>
public abstract record AttentionPieces
{
    /// <summary>All pieces in the order in which a rank loads them.</summary>
    public abstract IEnumerable<WeightPiece> All { get; }

    /// <summary>The pieces of the attention that a model has.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shard">The rank's place, which can be.</param>
    /// <param name="types">Types of matrices in memory.</param>
    /// <param name="prefix">What the names of the layer's tensors begin with.</param>
    internal static AttentionPieces Create(ModelConfig config, ShardSpec shard, MatrixTypes types, string prefix) =>
        GroupedQueryPieces.Create(config, shard, types, prefix);

    /// <summary>The weights, when all pieces are loaded.</summary>
    internal abstract AttentionWeights Assemble(ModelConfig config, ShardSpec shard, ShardLoading loaded);
}
