using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf.Encoders;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>
/// A kind of file, and which type each of its tensors has: what llama.cpp's llama-quantize chooses without an importance matrix, so that a
/// file of a name is what people know by it.
/// </summary>
/// <param name="Name">What people call it.</param>
/// <param name="Number">Its number, general.file_type.</param>
/// <param name="Main">The type of most of its tensors.</param>
/// <param name="IsRaised">Whether some of attn_v and ffn_down are Q6_K.</param>
internal sealed record GgufMix(string Name, int Number, EncodedType Main, bool IsRaised = false)
{
    // With so few experts the attention is a small part of all.
    private const int FewExperts = 8;

    /// <summary>All kinds that are written.</summary>
    public static IReadOnlyList<GgufMix> All { get; } =
    [
        new("Q4_K_M", 15, EncodedTypes.Q4_K, IsRaised: true),
        new("Q5_K_M", 17, EncodedTypes.Q5_K, IsRaised: true),
        new("Q6_K", 18, EncodedTypes.Q6_K),
        new("Q8_0", 7, EncodedTypes.Q8_0),
        new("Q4_0", 2, EncodedTypes.Q4_0),
        new("BF16", 32, EncodedTypes.BF16),
        new("F16", 1, EncodedTypes.F16),
        new("F32", 0, EncodedTypes.F32),
    ];

    /// <summary>The type of a tensor.</summary>
    /// <param name="tensor">Its name in the file.</param>
    /// <param name="shape">Its shape, inputs last.</param>
    /// <param name="config">The model.</param>
    public EncodedType TypeOf(string tensor, IReadOnlyList<long> shape, ModelConfig config)
    {
        var place = GgufNames.Split(tensor);
        if (shape.Count < 2 || place?.Part == "ffn_gate_inp")
            return EncodedTypes.F32;
        if (!IsQuantised(Main))
            return Main;
        var isHead = tensor == "output.weight" || (tensor == "token_embd.weight" && config.TieWordEmbeddings);
        var wanted = isHead ? HeadType(shape[^1]) : place is var (layer, part, _) ? LayerType(layer, part, config) : Main;
        return Fitting(wanted, shape[^1]);
    }

    private EncodedType HeadType(long inputs) =>
        Main == EncodedTypes.Q8_0 || inputs % Main.Type.Stored.BlockElements != 0 ? EncodedTypes.Q8_0 : EncodedTypes.Q6_K;

    private EncodedType LayerType(int layer, string part, ModelConfig config) => part switch
    {
        "attn_k" or "attn_v" when config.NumExperts == FewExperts => EncodedTypes.Q8_0,
        "attn_output" when config.NumExperts == FewExperts && Main == EncodedTypes.Q4_K => EncodedTypes.Q5_K,
        "attn_v" or "ffn_down" or "ffn_down_exps" when IsRaised && IsSensitive(layer, config.NumHiddenLayers) => EncodedTypes.Q6_K,
        _ => Main,
    };

    /// <summary>The first and last eighth of the layers, and every third one between.</summary>
    private static bool IsSensitive(int layer, int layers) =>
        layer < layers / 8 || layer >= 7 * layers / 8 || (layer - (layers / 8)) % 3 == 2;

    /// <summary>The type, or a similar one whose blocks divide the inputs.</summary>
    private static EncodedType Fitting(EncodedType wanted, long inputs)
    {
        if (Fits(wanted, inputs))
            return wanted;
        var smaller = wanted == EncodedTypes.Q4_K ? EncodedTypes.Q5_0
            : wanted == EncodedTypes.Q5_K ? EncodedTypes.Q5_1
            : wanted == EncodedTypes.Q6_K ? EncodedTypes.Q8_0
            : wanted;
        return Fits(smaller, inputs) ? smaller : EncodedTypes.F16;
    }

    private static bool Fits(EncodedType type, long inputs) => inputs % type.Type.Stored.BlockElements == 0;

    private static bool IsQuantised(EncodedType type) => type.Type.Stored.BlockElements > 1;
}
