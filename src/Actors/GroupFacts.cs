namespace AkkaCp.Actors;

/// <summary>
/// What must be equal on all nodes of a group, for their ranks to compute one model with the same bits. A node whose facts differ is
/// refused.
/// </summary>
/// <param name="Model">Hash of the model: config and weights.</param>
/// <param name="Layout">The parallel layout in words, such as <c>tp 4, attn-cp 2, moe-dp 2, ep 1</c>.</param>
/// <param name="DType">Types of weights and KV cache in words.</param>
/// <param name="Kernels">Numerics id of the kernels: equal ids give equal bits.</param>
/// <param name="KvBlocks">Blocks of each rank's KV pool, block 0 included.</param>
/// <param name="KvBlockTokens">Tokens of a block.</param>
/// <param name="Protocol">Version of control and data protocol.</param>
public sealed record GroupFacts(
    string Model, string Layout, string DType, string Kernels, int KvBlocks, int KvBlockTokens, int Protocol)
{
    /// <summary>Each difference in words; empty when they are equal.</summary>
    /// <param name="found">The other node's.</param>
    public IReadOnlyList<string> DifferencesTo(GroupFacts found)
    {
        ArgumentNullException.ThrowIfNull(found);
        (string Name, object Expected, object Found)[] facts =
        [
            ("model", Model, found.Model), ("layout", Layout, found.Layout), ("dtype", DType, found.DType),
            ("kernels", Kernels, found.Kernels), ("KV blocks", KvBlocks, found.KvBlocks),
            ("tokens of a KV block", KvBlockTokens, found.KvBlockTokens), ("protocol", Protocol, found.Protocol),
        ];
        return [.. facts.Where(fact => !fact.Expected.Equals(fact.Found))
            .Select(fact => $"{fact.Name}: expected {fact.Expected}, found {fact.Found}")];
    }
}
