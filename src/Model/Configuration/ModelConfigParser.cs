using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>From the bytes of a config.json to a valid <see cref="ModelConfig"/>, or to every reason against it.</summary>
internal sealed class ModelConfigParser
{
    // Bounds far above any published model, low enough that no product of two of them overflows 64 bits in byte counts.
    private const int MaxWidth = 1 << 20;
    private const int MaxLayers = 1 << 12;
    private const int MaxHeads = 1 << 12;
    private const int MaxHeadDim = 1 << 12;
    private const int MaxExperts = 1 << 14;
    private const int MaxVocab = 1 << 24;
    private const int MaxPositions = 1 << 28;

    private readonly List<string> _reasons = [];
    private readonly JsonFields _fields;

    private ModelConfigParser(JsonElement root) => _fields = new JsonFields(root, "", _reasons);

    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using var document = ModelJson.Parse(file, json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelConfigException(file, [$"expected a JSON object, found {document.RootElement.ValueKind}"]);

            var parser = new ModelConfigParser(document.RootElement);
            var config = parser.Read();
            return parser._reasons.Count == 0 ? config : throw new ModelConfigException(file, parser._reasons);
        }
        catch (ModelFormatException error)
        {
            throw Reason(error);
        }
    }

    /// <summary>A mistake of the file itself as the one reason against it.</summary>
    public static ModelConfigException Reason(ModelFormatException error) =>
        new(error.File, [$"{error.Where}: expected {error.Expected}, found {error.Found}"]);

    private ModelConfig Read()
    {
        var modelType = ReadModelType();
        var defaults = modelType == "qwen3" ? ConfigDefaults.Qwen3 : ConfigDefaults.Qwen3Moe;
        RefuseWhatCannotRun();
        var hidden = _fields.Dimension("hidden_size", MaxWidth, defaults.HiddenSize);
        var heads = _fields.Dimension("num_attention_heads", MaxHeads, defaults.NumAttentionHeads);
        var positions = _fields.Dimension("max_position_embeddings", MaxPositions, defaults.MaxPositionEmbeddings);
        var (theta, scaling, unknown) = RopeScalingParser.Read(_fields, positions);
        var config = new ModelConfig
        {
            ModelType = modelType ?? "",
            HiddenSize = hidden,
            NumHiddenLayers = _fields.Dimension("num_hidden_layers", MaxLayers, defaults.NumHiddenLayers),
            NumAttentionHeads = heads,
            NumKeyValueHeads = ReadKeyValueHeads(heads, defaults),
            HeadDim = ReadHeadDim(hidden, heads, defaults),
            VocabSize = _fields.Dimension("vocab_size", MaxVocab, defaults.VocabSize),
            MaxPositionEmbeddings = positions,
            AttentionBias = _fields.Bool("attention_bias", false),
            TieWordEmbeddings = _fields.Bool("tie_word_embeddings", false),
            RmsNormEps = (float)_fields.Double("rms_norm_eps", 0, 1, 1e-6)!.Value,
            RopeTheta = theta,
            RopeScaling = scaling,
            TorchDtype = _fields.Text("torch_dtype") ?? _fields.Text("dtype"),
            Quantization = QuantizationConfigParser.Read(_fields),
            EosTokenIds = _fields.TokenIds("eos_token_id"),
        };
        config = modelType == "qwen3" ? ReadDense(config, defaults) : ReadMoe(config, defaults);
        CheckHeads(config);
        return config with
        {
            AssumedKeys = _fields.Assumed,
            UnknownKeys = [.. _fields.UnknownTo(ConfigKeys.Root), .. unknown],
        };
    }

    private string? ReadModelType()
    {
        var modelType = _fields.Text("model_type", required: true);
        if (modelType is not (null or "qwen3_moe" or "qwen3"))
            _fields.Note("model_type", "qwen3_moe or qwen3", modelType);

        return modelType;
    }

    private void RefuseWhatCannotRun()
    {
        var activation = _fields.Text("hidden_act");
        if (activation is not (null or "silu" or "swish"))
            _fields.Note("hidden_act", "silu", activation);

        // A sliding_window of null is no window, whatever use_sliding_window says; one that is missing has a default in transformers.
        if (_fields.Bool("use_sliding_window", false) && !_fields.IsNull("sliding_window"))
            _fields.Note("use_sliding_window", "false: every layer sees the whole context", "true");

        _fields.Refuse(ConfigKeys.Root);
    }

    /// <summary>Older dense files say null for as many as there are query heads.</summary>
    private int ReadKeyValueHeads(int heads, ConfigDefaults defaults) =>
        _fields.IsNull("num_key_value_heads") && heads > 0
            ? heads
            : _fields.Dimension("num_key_value_heads", MaxHeads, defaults.NumKeyValueHeads);

    private int ReadHeadDim(int hidden, int heads, ConfigDefaults defaults)
    {
        if (_fields.Has("head_dim") || defaults.HeadDim is not null || hidden == 0 || heads == 0)
            return _fields.Int("head_dim", MaxHeadDim, whenMissing: defaults.HeadDim ?? 2);

        if (hidden % heads != 0 || hidden / heads > MaxHeadDim)
        {
            _fields.Note(
                "hidden_size",
                $"a multiple of num_attention_heads ({heads}), at most {MaxHeadDim} times, when head_dim is missing",
                $"{hidden}");
            return 2;
        }

        return hidden / heads;
    }

    private ModelConfig ReadDense(ModelConfig config, ConfigDefaults defaults) =>
        config with { IntermediateSize = _fields.Dimension("intermediate_size", MaxWidth, defaults.IntermediateSize) };

    private ModelConfig ReadMoe(ModelConfig config, ConfigDefaults defaults)
    {
        config = config with
        {
            NumExperts = ReadNumExperts(defaults),
            DecoderSparseStep = _fields.Int("decoder_sparse_step", MaxLayers, whenMissing: 1),
            MlpOnlyLayers = _fields.Ints("mlp_only_layers", config.NumHiddenLayers),
            NormTopkProb = _fields.Bool("norm_topk_prob", false),
        };

        // Zero stands for a value that was refused; the reason is noted already.
        config = config with { DecoderSparseStep = Math.Max(1, config.DecoderSparseStep) };
        var sparse = Enumerable.Range(0, config.NumHiddenLayers).Any(config.IsMoeLayer);
        var dense = Enumerable.Range(0, config.NumHiddenLayers).Any(layer => !config.IsMoeLayer(layer));
        config = config with
        {
            NumExpertsPerTok = ReadIfUsed(sparse, "num_experts_per_tok", MaxExperts, defaults.NumExpertsPerTok),
            MoeIntermediateSize = ReadIfUsed(sparse, "moe_intermediate_size", MaxWidth, defaults.MoeIntermediateSize),
            IntermediateSize = ReadIfUsed(dense, "intermediate_size", MaxWidth, defaults.IntermediateSize),
        };
        if (sparse && config.NumExpertsPerTok > config.NumExperts)
            _fields.Note("num_experts_per_tok", $"at most num_experts ({config.NumExperts})", $"{config.NumExpertsPerTok}");

        return config;
    }

    /// <summary>transformers 5 writes num_local_experts, earlier ones num_experts.</summary>
    private int ReadNumExperts(ConfigDefaults defaults)
    {
        if (!_fields.Has("num_local_experts"))
            return _fields.Dimension("num_experts", MaxExperts, defaults.NumExperts, minimum: 0);

        var experts = _fields.Int("num_local_experts", MaxExperts, minimum: 0);
        if (_fields.Has("num_experts") && _fields.Int("num_experts", MaxExperts, minimum: 0) is var other && other != experts)
            _fields.Note("num_local_experts", $"the same as num_experts ({other})", $"{experts}");

        return experts;
    }

    private int ReadIfUsed(bool isUsed, string key, int maximum, int whenMissing) =>
        isUsed ? _fields.Dimension(key, maximum, whenMissing) : _fields.Int(key, maximum, whenMissing: 0, minimum: 0);

    private void CheckHeads(ModelConfig config)
    {
        if (config.NumKeyValueHeads > 0 && config.NumAttentionHeads % config.NumKeyValueHeads != 0)
        {
            _fields.Note(
                "num_attention_heads",
                $"a multiple of num_key_value_heads ({config.NumKeyValueHeads})",
                $"{config.NumAttentionHeads}");
        }

        if (config.HeadDim % 2 != 0)
            _fields.Note("head_dim", "an even number: rotary embedding turns pairs", $"{config.HeadDim}");

        var width = (long)config.NumAttentionHeads * config.HeadDim;
        if (width > MaxWidth)
            _fields.Note("num_attention_heads", $"heads · head_dim at most {MaxWidth}", $"{width}");
    }
}
