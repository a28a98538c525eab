namespace AkkaCp.Bench.Peers.Llama;

/// <summary>What one chooses of llama.cpp for speed.</summary>
/// <param name="FlashAttention">Its fused attention; without it, scores go through memory.</param>
/// <param name="UbatchTokens">Tokens that it computes together at most.</param>
internal sealed record LlamaOptions(bool FlashAttention, int UbatchTokens)
{
    /// <summary>All that are tried; the first is what llama.cpp takes by itself.</summary>
    public static IReadOnlyList<LlamaOptions> All { get; } = [new(true, 512), new(true, 2048), new(false, 512), new(false, 2048)];

    /// <summary>Those that make a difference to a step of one token.</summary>
    public static IReadOnlyList<LlamaOptions> OfDecode { get; } = [new(true, 512), new(false, 512)];

    /// <inheritdoc/>
    public override string ToString() => $"flash attention {(FlashAttention ? "on" : "off")}, ubatch {UbatchTokens}";
}
