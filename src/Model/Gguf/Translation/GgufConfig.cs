using System.Globalization;
using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf.Translation;

/// <summary>
/// Makes config.json of the metadata and tensors of a GGUF file. What the metadata does not say follows from the tensors: which layers
/// have experts, whether the head is the embedding, whether projections have a bias.
/// </summary>
internal sealed class GgufConfig
{
    private const string Mixture = "qwen3moe";

    private readonly GgufSet _set;
    private readonly GgufMetadata _metadata;
    private readonly string _architecture;
    private readonly HashSet<string> _names;

    private GgufConfig(GgufSet set)
    {
        (_set, _metadata) = (set, set.Metadata);
        _architecture = _metadata.Text("general.architecture") ?? throw _metadata.Wrong("general.architecture", "a string", "nothing");
        if (_architecture is not (Mixture or "qwen3"))
            throw _metadata.Wrong("general.architecture", "qwen3moe or qwen3", _architecture);
        _names = set.Tensors.Select(one => one.Tensor.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <exception cref="ModelFormatException">
    /// Another architecture, or a key that is missing, of another type, or not followed here.
    /// </exception>
    public static byte[] Json(GgufSet set)
    {
        var config = new GgufConfig(set);
        return JsonFile.Write(config.Write);
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteString("model_type", _architecture == Mixture ? "qwen3_moe" : "qwen3");
        WriteDimensions(json);
        if (_architecture == Mixture)
            WriteExperts(json);
        else
            json.WriteNumber("intermediate_size", Count("feed_forward_length"));
        WriteRotation(json);
        json.WriteNumber("rms_norm_eps", Number("attention.layer_norm_rms_epsilon") ?? 1e-6);
        json.WriteBoolean("tie_word_embeddings", !_names.Contains("output.weight"));
        json.WriteBoolean("attention_bias", _names.Contains("blk.0.attn_q.bias"));
        json.WriteString("torch_dtype", GgufTypes.NearestTo(_set));
        WriteOthers(json);
    }

    private void WriteDimensions(Utf8JsonWriter json)
    {
        var hidden = Count("embedding_length");
        var heads = CountOfLayers("attention.head_count") ?? throw Missing("attention.head_count");
        var keyHeads = CountOfLayers("attention.head_count_kv") ?? heads;
        if (heads % keyHeads != 0)
            throw Wrong("attention.head_count", $"a multiple of {Key("attention.head_count_kv")} {keyHeads}", $"{heads}");
        var headDim = CountOrNull("attention.key_length") ?? (hidden % heads == 0 ? hidden / heads : throw Missing("attention.key_length"));
        RequireSame("attention.value_length", headDim);
        RequireSame("rope.dimension_count", headDim);
        json.WriteNumber("hidden_size", hidden);
        json.WriteNumber("num_hidden_layers", Count("block_count"));
        json.WriteNumber("num_attention_heads", heads);
        json.WriteNumber("num_key_value_heads", keyHeads);
        json.WriteNumber("head_dim", headDim);
        json.WriteNumber("max_position_embeddings", Count("context_length"));
        json.WriteNumber("vocab_size", CountOrNull("vocab_size") ?? VocabRows(_set));
    }

    /// <summary>Rows of the embedding.</summary>
    public static long VocabRows(GgufSet set)
    {
        var found = set.Tensors.Select(one => one.Tensor).FirstOrDefault(tensor => tensor.Name == "token_embd.weight");
        return found is { Dims: [_, var rows] }
            ? rows
            : throw new ModelFormatException(
                set.Path, "token_embd.weight", "a tensor of two dimensions", found is null ? "none" : "another");
    }

    private void WriteExperts(Utf8JsonWriter json)
    {
        var (experts, used) = (Count("expert_count"), Count("expert_used_count"));
        if (used > experts)
            throw Wrong("expert_used_count", $"at most {Key("expert_count")} {experts}", $"{used}");
        json.WriteNumber("num_experts", experts);
        json.WriteNumber("num_experts_per_tok", used);
        json.WriteNumber("moe_intermediate_size", Count("expert_feed_forward_length"));

        // No key says so: whoever computes this architecture does.
        json.WriteBoolean("norm_topk_prob", true);
        if (CountOrNull("feed_forward_length") is { } width)
            json.WriteNumber("intermediate_size", width);
        json.WriteStartArray("mlp_only_layers");
        foreach (var layer in DenseLayers())
            json.WriteNumberValue(layer);
        json.WriteEndArray();
    }

    private IEnumerable<int> DenseLayers() =>
        from name in _names
        let place = GgufNames.Split(name)
        where place is { Part: "ffn_up", End: ".weight" }
        where !_names.Contains(FormattableString.Invariant($"blk.{place.Value.Layer}.ffn_gate_inp.weight"))
        orderby place.Value.Layer
        select place.Value.Layer;

    private void WriteRotation(Utf8JsonWriter json)
    {
        json.WriteNumber("rope_theta", Number("rope.freq_base") ?? 10_000);
        var factor = Number("rope.scaling.factor");
        var type = _metadata.Text(Key("rope.scaling.type")) ?? (factor is null ? "none" : "linear");
        if (type == "none")
            return;
        json.WriteStartObject("rope_scaling");
        json.WriteString("rope_type", type);
        WriteIfThere(json, "factor", factor);
        WriteIfThere(json, "original_max_position_embeddings", CountOrNull("rope.scaling.original_context_length"));
        WriteIfThere(json, "beta_fast", Number("rope.scaling.yarn_beta_fast"));
        WriteIfThere(json, "beta_slow", Number("rope.scaling.yarn_beta_slow"));
        json.WriteEndObject();
    }

    /// <summary>
    /// Further keys of the architecture are refused where they change the result, else handed on, to be named as unknown.
    /// </summary>
    private void WriteOthers(Utf8JsonWriter json)
    {
        foreach (var key in _metadata.Keys.Where(key => key.StartsWith(_architecture + ".", StringComparison.Ordinal)))
        {
            var name = key[(_architecture.Length + 1)..];
            if (GgufKeys.IsTranslated(name))
                continue;
            if (GgufKeys.Off(name) is not { } off)
                json.WriteString(key, "");
            else if (!off.Contains(_metadata.IsFlag(key) ? (_metadata.Flag(key)!.Value ? 1 : 0) : _metadata.Number(key)!.Value))
                throw Wrong(name, $"{string.Join(" or ", off)}, as nothing else can be done", "another value");
        }
    }

    private static void WriteIfThere(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
    }

    private string Key(string name) => $"{_architecture}.{name}";

    private double? Number(string name) => _metadata.Number(Key(name));

    private long Count(string name) => CountOrNull(name) ?? throw Missing(name);

    private long? CountOrNull(string name) =>
        _metadata.Integer(Key(name)) is not { } number ? null
        : number is > 0 and <= int.MaxValue ? number
        : throw Wrong(name, $"a number from 1 to {int.MaxValue}", number.ToString(CultureInfo.InvariantCulture));

    /// <summary>One number, or an array with one for each layer: then all must be the same.</summary>
    private long? CountOfLayers(string name)
    {
        if (!_metadata.IsArray(Key(name)))
            return CountOrNull(name);
        var numbers = _metadata.Integers(Key(name))!.Distinct().ToList();
        return numbers is [> 0 and <= int.MaxValue and var number]
            ? number
            : throw Wrong(name, "the same number above 0 for each layer", $"{numbers.Count} different ones");
    }

    private void RequireSame(string name, long headDim)
    {
        if (CountOrNull(name) is { } other && other != headDim)
            throw Wrong(name, $"{headDim}, the elements of a head", $"{other}");
    }

    private ModelFormatException Missing(string name) => Wrong(name, "the key", "nothing");

    private ModelFormatException Wrong(string name, string expected, string found) => _metadata.Wrong(Key(name), expected, found);
}
