using System.Text.Json;
using AkkaCp.Model.Files;

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
            {
                throw new ModelConfigException(file, [$"expected a JSON object, found {document.RootElement.ValueKind}"]);
            }

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
        RefuseWhatCannotRun();
        var layers = _fields.Int("num_hidden_layers", MaxLayers);
        var hidden = _fields.Int("hidden_size", MaxWidth);
        var heads = _fields.Int("num_attention_heads", MaxHeads);
        var positions = _fields.Int("max_position_embeddings", MaxPositions);
        var (theta, scaling) = RopeScalingParser.Read(_fields, positions);
        var config = new ModelConfig
        {
            ModelType = modelType ?? "",
            HiddenSize = hidden,
            NumHiddenLayers = layers,
            NumAttentionHeads = heads,
            NumKeyValueHeads = _fields.Int("num_key_value_heads", MaxHeads),
            HeadDim = ReadHeadDim(hidden, heads),
            VocabSize = _fields.Int("vocab_size", MaxVocab),
            MaxPositionEmbeddings = positions,
            AttentionBias = _fields.Bool("attention_bias", false),
            TieWordEmbeddings = _fields.Bool("tie_word_embeddings", false),
            RmsNormEps = (float)_fields.Double("rms_norm_eps", 0, 1, 1e-6)!.Value,
            RopeTheta = theta,
            RopeScaling = scaling,
            TorchDtype = _fields.Text("torch_dtype") ?? _fields.Text("dtype"),
        };
        config = modelType == "qwen3" ? ReadDense(config) : ReadMoe(config);
        CheckHeads(config);
        return config;
    }

    private string? ReadModelType()
    {
        var modelType = _fields.Text("model_type", required: true);
        if (modelType is not (null or "qwen3_moe" or "qwen3"))
        {
            _fields.Note("model_type", "qwen3_moe or qwen3", modelType);
        }

        return modelType;
    }

    private void RefuseWhatCannotRun()
    {
        var activation = _fields.Text("hidden_act");
        if (activation is not (null or "silu"))
        {
            _fields.Note("hidden_act", "silu", activation);
        }

        // HF ignores sliding_window while use_sliding_window is false.
        if (_fields.Bool("use_sliding_window", false))
        {
            _fields.Note("use_sliding_window", "false: every layer sees the whole context", "true");
        }

        if (_fields.Has("quantization_config"))
        {
            _fields.Note("quantization_config", "no quantised weights", "one");
        }
    }

    private int ReadHeadDim(int hidden, int heads)
    {
        if (_fields.Has("head_dim") || hidden == 0 || heads == 0)
        {
            return _fields.Int("head_dim", MaxHeadDim, whenMissing: 2);
        }

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

    private ModelConfig ReadDense(ModelConfig config) =>
        config with { IntermediateSize = _fields.Int("intermediate_size", MaxWidth) };

    private ModelConfig ReadMoe(ModelConfig config)
    {
        config = config with
        {
            NumExperts = _fields.Int("num_experts", MaxExperts, minimum: 0),
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
            NumExpertsPerTok = _fields.Int(
                "num_experts_per_tok", MaxExperts, whenMissing: sparse ? null : 0, minimum: sparse ? 1 : 0),
            MoeIntermediateSize = _fields.Int(
                "moe_intermediate_size", MaxWidth, whenMissing: sparse ? null : 0, minimum: sparse ? 1 : 0),
            IntermediateSize = _fields.Int("intermediate_size", MaxWidth, whenMissing: dense ? null : 0, minimum: dense ? 1 : 0),
        };
        if (sparse && config.NumExpertsPerTok > config.NumExperts)
        {
            _fields.Note("num_experts_per_tok", $"at most num_experts ({config.NumExperts})", $"{config.NumExpertsPerTok}");
        }

        return config;
    }

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
        {
            _fields.Note("head_dim", "an even number: rotary embedding turns pairs", $"{config.HeadDim}");
        }

        var width = (long)config.NumAttentionHeads * config.HeadDim;
        if (width > MaxWidth)
        {
            _fields.Note("num_attention_heads", $"heads · head_dim at most {MaxWidth}", $"{width}");
        }
    }
}
