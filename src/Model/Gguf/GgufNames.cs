using System.Globalization;

namespace AkkaCp.Model.Gguf;

/// <summary>
/// Which tensor of Hugging Face's files a tensor of a GGUF file is. What has no counterpart there keeps its place: a further tensor of a
/// layer is one of a layer, so that whoever checks what nothing reads sees that it would change the result.
/// </summary>
internal static class GgufNames
{
    private const string LayerPrefix = "blk.";
    private const string TheirLayerPrefix = "model.layers.";
    private const string TheirExpertPrefix = "mlp.experts.";

    // In the order in which they are tried: a longer name goes before its beginning.
    private static readonly (string Own, string Theirs)[] s_outside =
        [("token_embd.", "model.embed_tokens."), ("output_norm.", "model.norm."), ("output.", "lm_head.")];

    private static readonly Dictionary<string, string> s_inLayer = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["ffn_norm"] = "post_attention_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_gate_inp"] = "mlp.gate",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    // Stacked over experts, and what each expert's rows are, one behind the other.
    private static readonly Dictionary<string, string[]> s_ofExperts = new(StringComparer.Ordinal)
    {
        ["ffn_gate_exps"] = ["gate_proj"],
        ["ffn_up_exps"] = ["up_proj"],
        ["ffn_down_exps"] = ["down_proj"],
        ["ffn_gate_up_exps"] = ["gate_proj", "up_proj"],
    };

    /// <summary>The matrices of one expert that a tensor holds for all of them; none for a tensor that is no such stack.</summary>
    public static IReadOnlyList<string> MatricesOfExperts(string tensor) =>
        Split(tensor) is (_, var part, ".weight") && s_ofExperts.TryGetValue(part, out var matrices) ? matrices : [];

    /// <summary>The name of one expert's matrix in a stack.</summary>
    public static string OfExpert(string tensor, int expert, string matrix) =>
        FormattableString.Invariant($"model.layers.{Split(tensor)!.Value.Layer}.mlp.experts.{expert}.{matrix}.weight");

    /// <summary>The name of any other tensor.</summary>
    public static string Of(string tensor)
    {
        if (Split(tensor) is (var layer, var part, var end))
            return $"model.layers.{layer}.{s_inLayer.GetValueOrDefault(part, part)}{end}";
        foreach (var (own, theirs) in s_outside)
        {
            if (tensor.StartsWith(own, StringComparison.Ordinal))
                return theirs + tensor[own.Length..];
        }

        return tensor;
    }

    /// <summary>The name here of a tensor of Hugging Face's files; of an expert's matrix that of the stack.</summary>
    public static string OwnOf(string theirs)
    {
        if (!theirs.StartsWith(TheirLayerPrefix, StringComparison.Ordinal))
        {
            var (own, prefix) = s_outside.First(one => theirs.StartsWith(one.Theirs, StringComparison.Ordinal));
            return own + theirs[prefix.Length..];
        }

        var dot = theirs.IndexOf('.', TheirLayerPrefix.Length);
        var end = theirs.LastIndexOf('.');
        var (layer, part) = (theirs[TheirLayerPrefix.Length..dot], theirs[(dot + 1)..end]);
        var name = part.StartsWith(TheirExpertPrefix, StringComparison.Ordinal)
            ? s_ofExperts.First(one => one.Value is [var matrix] && part.EndsWith('.' + matrix, StringComparison.Ordinal)).Key
            : s_inLayer.First(one => one.Value == part).Key;
        return $"{LayerPrefix}{layer}.{name}{theirs[end..]}";
    }

    /// <summary>Layer, part and ending of blk.3.attn_q.weight; null for a tensor outside layers.</summary>
    public static (int Layer, string Part, string End)? Split(string tensor)
    {
        if (!tensor.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return null;
        var dot = tensor.IndexOf('.', LayerPrefix.Length);
        var end = tensor.LastIndexOf('.');
        return dot > 0 && end > dot
            && int.TryParse(tensor.AsSpan(LayerPrefix.Length..dot), NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
            ? (layer, tensor[(dot + 1)..end], tensor[end..])
            : null;
    }
}
