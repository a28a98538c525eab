using System.Globalization;
using AkkaCp.Model;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// What must be equal on all nodes of a group, for their ranks to compute one model with the same bits. A node whose facts differ is
/// refused. What the weights are is compared when they are loaded.
/// </summary>
/// <param name="Model">The model's files, without weights.</param>
/// <param name="Tensors">Hash of names, types and shapes of the tensors.</param>
/// <param name="Layout">The parallel layout in words, such as <c>tp 4, attn-cp 2, moe-dp 2, ep 1</c>.</param>
/// <param name="DType">Types of weights and KV cache in words.</param>
/// <param name="Kernels">Numerics id of the kernels: equal ids give equal bits.</param>
/// <param name="KvBlocks">Blocks of each rank's KV pool, block 0 included, where all nodes are to have as many; 0 where each has what its
/// machine allows.</param>
/// <param name="KvBlockTokens">Tokens of a block.</param>
/// <param name="Protocol">Version of control and data protocol, <see cref="ProtocolVersion.Current"/>.</param>
public sealed record GroupFacts(
    ModelFacts Model, string Tensors, string Layout, string DType, string Kernels, int KvBlocks, int KvBlockTokens, int Protocol)
{
    /// <summary>Each difference in words; empty when they are equal.</summary>
    /// <param name="found">The other node's.</param>
    public IReadOnlyList<string> DifferencesTo(GroupFacts found)
    {
        ArgumentNullException.ThrowIfNull(found);
        (string Name, object Expected, object Found)[] facts =
        [
            .. Model.DifferencesTo(found.Model).Select(fact => (fact.Name, (object)fact.Ours, (object)fact.Theirs)),
            ("tensors", Tensors, found.Tensors), ("layout", Layout, found.Layout), ("dtype", DType, found.DType),
            ("kernels", Kernels, found.Kernels), ("KV blocks", BlocksText, found.BlocksText),
            ("tokens of a KV block", KvBlockTokens, found.KvBlockTokens), ("protocol", Protocol, found.Protocol),
        ];
        return [.. facts.Where(fact => !fact.Expected.Equals(fact.Found))
            .Select(fact => $"{fact.Name}: expected {fact.Expected}, found {fact.Found}")];
    }

    private string BlocksText => KvBlocks == 0 ? "auto" : KvBlocks.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a client of the same process is.</summary>
    public ClientFacts ToClient() => new(Model, Protocol);

    /// <summary>Each reason why the client must not be served, in words; empty when it may be.</summary>
    public IReadOnlyList<string> DifferencesTo(ClientFacts client)
    {
        ArgumentNullException.ThrowIfNull(client);
        var problems = Model.DifferencesTo(client.Model)
            .Select(fact => $"{fact.Name}: the cluster has {fact.Ours}, the client {fact.Theirs}").ToList();
        if (client.Protocol != Protocol)
            problems.Add($"protocol: the cluster has version {Protocol}, the client {client.Protocol}");
        return problems;
    }
}
