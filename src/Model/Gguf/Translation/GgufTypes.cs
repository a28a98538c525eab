namespace AkkaCp.Model.Gguf.Translation;

/// <summary>The type in which a model's matrices lie, in Hugging Face's words.</summary>
internal static class GgufTypes
{
    /// <summary>
    /// The type of all matrices where it is one of floats; else bfloat16, which is nearest to quantised ones in size. Routers are F32 in
    /// every file and do not count.
    /// </summary>
    public static string NearestTo(GgufSet set)
    {
        var types = set.Tensors.Select(one => one.Tensor)
            .Where(tensor => tensor.Dims.Count > 1 && GgufNames.Split(tensor.Name)?.Part != "ffn_gate_inp")
            .Select(tensor => tensor.Type.Stored.Name).Distinct().ToList();
        return types is ["F32"] ? "float32" : types is ["F16"] ? "float16" : "bfloat16";
    }
}
