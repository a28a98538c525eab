using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Npu;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Synth;

/// <summary>
/// The small files of a made-up model: config, generation defaults, and a tokenizer whose tokens are the 256 bytes.
/// </summary>
internal static class SynthFiles
{
    private const int EndOfText = 256;
    private const int ImStart = 257;
    private const int ImEnd = 258;

    // Qwen2's own, so that text is cut as it would be with the real vocabulary.
    private const string PreTokenizerRegex =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string ChatTemplate =
        "{%- for message in messages %}"
        + "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
        + "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

    private static readonly (int Id, string Content)[] s_special =
        [(EndOfText, "<|endoftext|>"), (ImStart, "<|im_start|>"), (ImEnd, "<|im_end|>")];

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Writes them into a directory.</summary>
    public static void Write(string directory, SynthPreset preset, int layers, DType dtype)
    {
        foreach (var (name, content) in Contents(preset, layers, dtype))
            File.WriteAllBytes(Path.Combine(directory, name), content);
    }

    /// <summary>All of them by their names.</summary>
    public static IReadOnlyDictionary<string, byte[]> Contents(SynthPreset preset, int layers, DType dtype) =>
        new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = Bytes(Config(preset, layers, dtype)),
            ["generation_config.json"] = Bytes(GenerationConfig()),
            ["tokenizer.json"] = Bytes(Tokenizer()),
            ["tokenizer_config.json"] = Bytes(TokenizerConfig(preset)),
        };

    /// <summary>Indented, with a line's end at the end.</summary>
    public static byte[] Bytes(JsonObject content) => Encoding.UTF8.GetBytes(content.ToJsonString(s_indented) + "\n");

    private static JsonObject Config(SynthPreset preset, int layers, DType dtype) => new()
    {
        ["architectures"] = new JsonArray("Qwen3MoeForCausalLM"),
        ["model_type"] = "qwen3_moe",
        ["hidden_size"] = preset.HiddenSize,
        ["num_hidden_layers"] = layers,
        ["num_attention_heads"] = preset.NumAttentionHeads,
        ["num_key_value_heads"] = preset.NumKeyValueHeads,
        ["head_dim"] = preset.HeadDim,
        ["num_experts"] = preset.NumExperts,
        ["num_experts_per_tok"] = preset.NumExpertsPerTok,
        ["moe_intermediate_size"] = preset.MoeIntermediateSize,
        ["intermediate_size"] = preset.IntermediateSize,
        ["norm_topk_prob"] = true,
        ["decoder_sparse_step"] = 1,
        ["mlp_only_layers"] = new JsonArray(),
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 1_000_000.0,
        ["rope_scaling"] = null,
        ["attention_bias"] = false,
        ["tie_word_embeddings"] = false,
        ["max_position_embeddings"] = preset.MaxPositionEmbeddings,
        ["vocab_size"] = preset.VocabSize,
        ["bos_token_id"] = EndOfText,
        ["eos_token_id"] = ImEnd,
        ["use_sliding_window"] = false,
        ["sliding_window"] = null,
        ["torch_dtype"] = dtype == DType.F32 ? "float32" : "bfloat16",
    };

    private static JsonObject GenerationConfig() => new()
    {
        ["bos_token_id"] = EndOfText,
        ["eos_token_id"] = new JsonArray(ImEnd, EndOfText),
        ["pad_token_id"] = EndOfText,
        ["do_sample"] = true,
        ["temperature"] = 0.6,
        ["top_k"] = 20,
        ["top_p"] = 0.95,
    };

    private static JsonObject Tokenizer() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. s_special.Select(token => AddedToken(token.Content, token.Id))]),
        ["normalizer"] = new JsonObject { ["type"] = "NFC" },
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = PreTokenizerRegex },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel()),
        },
        ["post_processor"] = ByteLevel(),
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = "",
            ["end_of_word_suffix"] = "",
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["vocab"] = ByteVocabulary(),
            ["merges"] = new JsonArray(),
        },
    };

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    private static JsonObject ByteVocabulary()
    {
        var vocabulary = new JsonObject();
        foreach (var (id, symbol) in Enumerable.Range(0, 256).Select(value => ByteAlphabet.Symbol((byte)value)).Order().Index())
            vocabulary.Add(symbol.ToString(), id);

        return vocabulary;
    }

    private static JsonObject TokenizerConfig(SynthPreset preset)
    {
        var added = new JsonObject();
        foreach (var (id, content) in s_special)
            added.Add($"{id}", AddedToken(content));

        return new JsonObject
        {
            ["add_bos_token"] = false,
            ["add_prefix_space"] = false,
            ["added_tokens_decoder"] = added,
            ["bos_token"] = null,
            ["chat_template"] = ChatTemplate,
            ["eos_token"] = "<|im_end|>",
            ["pad_token"] = "<|endoftext|>",
            ["model_max_length"] = preset.MaxPositionEmbeddings,
            ["tokenizer_class"] = "Qwen2Tokenizer",
            ["unk_token"] = null,
        };
    }

    private static JsonObject AddedToken(string content, int? id = null)
    {
        var token = new JsonObject();
        if (id is { } number)
            token["id"] = number;

        token["content"] = content;
        token["lstrip"] = false;
        token["normalized"] = false;
        token["rstrip"] = false;
        token["single_word"] = false;
        token["special"] = true;
        return token;
    }
}
