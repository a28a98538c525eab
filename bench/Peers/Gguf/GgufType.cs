namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>Element types of GGUF tensors that this program writes; values are ggml's.</summary>
internal enum GgufType
{
    F32 = 0,
    Q8_0 = 8,
    BF16 = 30,
}
