using System.Globalization;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Weights;

/// <summary>
/// Compares the dimensions of config.json with the tensors that have them. Anything larger than the files is a mistake of the config, and
/// is named by its key before it is planned, counted or taken.
/// </summary>
internal sealed class DimensionCheck
{
    private const string LayerPrefix = "model.layers.";
    private const string Experts = "mlp.gate.weight";
    private const string Dense = "mlp.gate_proj.weight";
    private const string With = "with experts";
    private const string Without = "without experts";

    private readonly IWeightSource _files;
    private readonly ModelConfig _config;
    private readonly int _layers;
    private readonly List<string> _reasons = [];

    private DimensionCheck(IWeightSource files, ModelConfig config)
    {
        (_files, _config) = (files, config);
        _layers = files.Tensors.Select(tensor => LayerOf(tensor.Name)).DefaultIfEmpty(-1).Max() + 1;
    }

    /// <exception cref="ModelConfigException">The weights have other dimensions; all of them.</exception>
    public static void Run(IWeightSource files, ModelConfig config)
    {
        var check = new DimensionCheck(files, config);
        check.CompareAll();
        if (check._reasons.Count > 0)
            throw new ModelConfigException(files.ConfigPath, check._reasons);
    }

    /// <summary>A tensor's layer; -1 for one that belongs to none.</summary>
    public static int LayerOf(string tensor)
    {
        if (!tensor.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return -1;
        var rest = tensor.AsSpan(LayerPrefix.Length);
        var end = rest.IndexOf('.');
        return end > 0 && int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : -1;
    }

    private void CompareAll()
    {
        const string first = LayerPrefix + "0.";
        Compare("vocab_size", _config.VocabSize, 1, ("model.embed_tokens.weight", 0), ("lm_head.weight", 0));
        Compare("hidden_size", _config.HiddenSize, 1, ("model.embed_tokens.weight", 1), ("model.norm.weight", 0));
        if (_layers > 0 && _config.NumHiddenLayers > _layers)
            _reasons.Add($"num_hidden_layers: expected at most {_layers}, the layers of the weights, found {_config.NumHiddenLayers}");
        if (Compare("head_dim", _config.HeadDim, 1, (first + "self_attn.q_norm.weight", 0), (first + "self_attn.k_norm.weight", 0)))
        {
            Compare("num_attention_heads", _config.NumAttentionHeads, _config.HeadDim,
                (first + "self_attn.q_proj.weight", 0), (first + "self_attn.o_proj.weight", 1));
            Compare("num_key_value_heads", _config.NumKeyValueHeads, _config.HeadDim,
                (first + "self_attn.k_proj.weight", 0), (first + "self_attn.v_proj.weight", 0));
        }

        CompareMlps();
    }

    private void CompareMlps()
    {
        var layers = Enumerable.Range(0, Math.Min(_layers, _config.NumHiddenLayers)).ToLookup(_config.IsMoeLayer);
        if (CompareKinds(layers[true], Experts, Dense, With, Without) || CompareKinds(layers[false], Dense, Experts, Without, With))
            return;
        if (layers[true].Any())
        {
            var mlp = FormattableString.Invariant($"{LayerPrefix}{layers[true].First()}.mlp.");
            Compare("num_experts", _config.NumExperts, 1, (mlp + "gate.weight", 0));
            Compare("moe_intermediate_size", _config.MoeIntermediateSize, 1,
                (mlp + "experts.0.gate_proj.weight", 0), (mlp + "experts.0.down_proj.weight", 1));
        }

        if (layers[false].Any())
        {
            var mlp = FormattableString.Invariant($"{LayerPrefix}{layers[false].First()}.mlp.");
            Compare("intermediate_size", _config.IntermediateSize, 1, (mlp + "gate_proj.weight", 0), (mlp + "down_proj.weight", 1));
        }
    }

    /// <summary>Whether a layer is of the other kind in the weights; the first one is noted.</summary>
    private bool CompareKinds(IEnumerable<int> layers, string own, string others, string kind, string otherKind)
    {
        foreach (var layer in layers)
        {
            if (Has(layer, own) || !Has(layer, others))
                continue;
            _reasons.Add(
                $"num_experts, decoder_sparse_step, mlp_only_layers: "
                    + $"expected layer {layer} {otherKind}, as the weights have it, found it {kind}");
            return true;
        }

        return false;
    }

    private bool Has(int layer, string tensor) => _files.Find(FormattableString.Invariant($"{LayerPrefix}{layer}.{tensor}")) is not null;

    /// <summary>
    /// Notes a dimension that the tensors have otherwise; false then. Where they do not agree, one of them is wrong and not the config:
    /// then it is named as a tensor.
    /// </summary>
    /// <param name="key">The dimension.</param>
    /// <param name="value">What the config says.</param>
    /// <param name="unit">Elements of one.</param>
    /// <param name="places">Tensors that have it, and at which place of their shapes.</param>
    private bool Compare(string key, int value, int unit, params ReadOnlySpan<(string Tensor, int Axis)> places)
    {
        WeightTensor? witness = null;
        var size = 0L;
        foreach (var (name, axis) in places)
        {
            if (_files.Find(name) is not { } tensor || axis >= tensor.Shape.Count)
                continue;
            if (witness is not null && size != tensor.Shape[axis])
                return true;
            (witness, size) = (tensor, tensor.Shape[axis]);
        }

        if (witness is null || size == (long)value * unit || size % unit != 0)
            return true;
        _reasons.Add($"{key}: expected {size / unit}, as {witness.Name} {witness.ShapeText} has it, found {value}");
        return false;
    }
}
