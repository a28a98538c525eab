using System.Text.Json.Nodes;
using AkkaCp.Model.Safetensors;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>One way in which models of the family differ: what its config.json says instead of the base's,
/// and how its file is laid.</summary>
/// <param name="Name">For test names.</param>
/// <param name="Changes">Keys of config.json as JSON; null values remove a key.</param>
internal sealed record ModelVariant(string Name, string Changes = "{}")
{
    private const string Base = """
        {
          "model_type": "qwen3_moe", "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
          "head_dim": 16, "vocab_size": 96, "max_position_embeddings": 512, "num_experts": 8, "num_experts_per_tok": 2,
          "moe_intermediate_size": 24, "intermediate_size": 40, "norm_topk_prob": true, "rope_theta": 10000.0, "rms_norm_eps": 1e-6
        }
        """;

    /// <summary>Element type of the file's tensors.</summary>
    public SafetensorsDType DType { get; init; } = SafetensorsDType.F32;

    /// <summary>Files; more than one come with an index.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Seed of the weights, chosen so that no test prompt's router nearly ties.</summary>
    public ulong Seed { get; init; } = 1;

    public static IReadOnlyList<ModelVariant> All { get; } =
    [
        new("base"),
        new("dense layers by name", """{ "mlp_only_layers": [0, 2] }"""),
        new("every second layer sparse", """{ "decoder_sparse_step": 2, "num_hidden_layers": 4 }"""),
        new("every second layer sparse, one of them dense by name",
            """{ "decoder_sparse_step": 2, "mlp_only_layers": [1], "num_hidden_layers": 4 }"""),
        new("all layers dense by name", """{ "mlp_only_layers": [0, 1, 2] }"""),
        new("no experts", """
            { "num_experts": 0, "num_experts_per_tok": null, "moe_intermediate_size": null, "norm_topk_prob": null }
            """),
        new("qwen3", """
            { "model_type": "qwen3", "num_experts": null, "num_experts_per_tok": null, "moe_intermediate_size": null }
            """),
        new("attention bias", """{ "attention_bias": true }"""),
        new("tied embeddings", """{ "tie_word_embeddings": true }"""),
        new("top-k weights as they are", """{ "norm_topk_prob": false }"""),
        new("norm_topk_prob left out", """{ "norm_topk_prob": null }"""),
        new("linear rope", """{ "rope_scaling": { "type": "linear", "factor": 4.0 } }"""),
        new("yarn", """
            { "rope_scaling": { "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128 } }
            """),
        new("yarn with every setting", """
            { "rope_theta": null, "rope_parameters": { "rope_type": "yarn", "rope_theta": 500.0, "factor": 8.0,
              "original_max_position_embeddings": 64, "beta_fast": 8, "beta_slow": 2, "mscale": 1.2, "mscale_all_dim": 0.6,
              "truncate": false } }
            """),
        new("yarn with its attention factor", """
            { "rope_scaling": { "rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 32, "attention_factor": 0.9 } }
            """),
        new("one key/value head", """{ "num_key_value_heads": 1 }"""),
        new("as many key/value heads as heads", """{ "num_key_value_heads": 4 }"""),
        new("odd vocabulary", """{ "vocab_size": 101 }"""),
        new("vocabulary of five", """{ "vocab_size": 5 }"""),
        new("seven experts, three per token", """{ "num_experts": 7, "num_experts_per_tok": 3 }"""),
        new("one expert per token", """{ "num_experts_per_tok": 1 }"""),
        new("all experts per token", """{ "num_experts": 4, "num_experts_per_tok": 4 }"""),
        new("head_dim above hidden / heads", """{ "head_dim": 32 }"""),
        new("head_dim left out", """{ "hidden_size": 64, "head_dim": null }"""),
        new("F16 file") { DType = SafetensorsDType.F16 },
        new("BF16 file") { DType = SafetensorsDType.BF16 },
        new("three shards") { Shards = 3 },
        new("all at once", """
            { "attention_bias": true, "tie_word_embeddings": true, "norm_topk_prob": false, "num_key_value_heads": 1,
              "mlp_only_layers": [1], "vocab_size": 103, "head_dim": 24, "num_experts": 12, "num_experts_per_tok": 5,
              "rope_scaling": { "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128 } }
            """)
        {
            DType = SafetensorsDType.F16,
            Shards = 4,
        },
    ];

    /// <summary>The config.json.</summary>
    public JsonObject Config()
    {
        var config = JsonNode.Parse(Base)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(Changes)!.AsObject())
        {
            config.Remove(key);
            if (value is not null)
                config.Add(key, value.DeepClone());
        }

        return config;
    }
}
