using AkkaCp.Model.Configuration;

namespace AkkaCp.Model.Weights;

/// <summary>
/// Which part of a model one rank holds. Attention is split by heads over ATTN_TP; experts are dealt over MOE_EP and each one's
/// inner width is cut over MOE_TP. Context- and data-parallel ranks with equal specs hold equal weights.
/// </summary>
/// <param name="AttnTpSize">Ranks that share the heads.</param>
/// <param name="AttnTpRank">Place among them.</param>
/// <param name="MoeTpSize">Ranks that share each expert's inner width.</param>
/// <param name="MoeTpRank">Place among them.</param>
/// <param name="MoeEpSize">Ranks that share the experts.</param>
/// <param name="MoeEpRank">Place among them.</param>
public sealed record ShardSpec(int AttnTpSize, int AttnTpRank, int MoeTpSize, int MoeTpRank, int MoeEpSize, int MoeEpRank)
{
    /// <summary>The whole model on one rank.</summary>
    public static ShardSpec Whole { get; } = new(1, 0, 1, 0, 1, 0);

    /// <summary>Ranks that share the MLP of a dense layer: all that share the experts of a sparse one.</summary>
    public int MlpSize => MoeEpSize * MoeTpSize;

    /// <summary>Place among them.</summary>
    public int MlpRank => (MoeEpRank * MoeTpSize) + MoeTpRank;

    /// <summary>Query heads of this rank; the first one is AttnTpRank times as many.</summary>
    public int NumHeads(ModelConfig config) => config.NumAttentionHeads / AttnTpSize;

    /// <summary>
    /// Key/value heads of this rank: at least one, the same on several ranks when there are fewer heads than ranks.
    /// </summary>
    public int NumKvHeads(ModelConfig config) => Math.Max(1, config.NumKeyValueHeads / AttnTpSize);

    /// <summary>First key/value head of this rank.</summary>
    public int FirstKvHead(ModelConfig config) => (int)((long)AttnTpRank * config.NumKeyValueHeads / AttnTpSize);

    /// <summary>Experts of this rank; the first one is MoeEpRank times as many.</summary>
    public int ExpertCount(ModelConfig config) => config.NumExperts / MoeEpSize;

    /// <summary>Rows of the output head on this rank: first and count; a remainder is spread over the first ranks.</summary>
    public (int Start, int Count) VocabRows(ModelConfig config)
    {
        var (each, rest) = Math.DivRem(config.VocabSize, AttnTpSize);
        return ((AttnTpRank * each) + Math.Min(AttnTpRank, rest), each + (AttnTpRank < rest ? 1 : 0));
    }

    /// <summary>Every reason why a model cannot be split this way; none when it can.</summary>
    public IReadOnlyList<string> Problems(ModelConfig config)
    {
        var problems = new List<string>();
        CheckPlace(problems, "attn_tp", AttnTpSize, AttnTpRank);
        CheckPlace(problems, "moe_tp", MoeTpSize, MoeTpRank);
        CheckPlace(problems, "moe_ep", MoeEpSize, MoeEpRank);
        if (problems.Count > 0)
            return problems;

        CheckDivides(problems, "num_attention_heads", config.NumAttentionHeads, "attn_tp", AttnTpSize);
        if (config.NumKeyValueHeads % AttnTpSize != 0 && AttnTpSize % config.NumKeyValueHeads != 0)
        {
            problems.Add(
                $"num_key_value_heads ({config.NumKeyValueHeads}) must be a multiple or a divisor of attn_tp ({AttnTpSize})");
        }

        if (config.VocabSize < AttnTpSize)
            problems.Add($"vocab_size ({config.VocabSize}) must be at least attn_tp ({AttnTpSize})");

        CheckMlps(problems, config);
        return problems;
    }

    private static void CheckPlace(List<string> problems, string name, int size, int rank)
    {
        if (size < 1 || rank < 0 || rank >= size)
            problems.Add($"{name} rank must lie from 0 to size - 1, found rank {rank} of {size}");
    }

    private static void CheckDivides(List<string> problems, string key, int value, string name, int size)
    {
        if (value % size != 0)
            problems.Add($"{key} ({value}) must be a multiple of {name} ({size})");
    }

    private void CheckMlps(List<string> problems, ModelConfig config)
    {
        var layers = Enumerable.Range(0, config.NumHiddenLayers).ToList();
        if (layers.Exists(config.IsMoeLayer))
        {
            CheckDivides(problems, "num_experts", config.NumExperts, "moe_ep", MoeEpSize);
            CheckDivides(problems, "moe_intermediate_size", config.MoeIntermediateSize, "moe_tp", MoeTpSize);
        }

        if (layers.Exists(layer => !config.IsMoeLayer(layer)))
            CheckDivides(problems, "intermediate_size", config.IntermediateSize, "moe_ep · moe_tp", MlpSize);
    }
}
