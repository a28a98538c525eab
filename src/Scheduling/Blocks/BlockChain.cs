using System.Collections.Immutable;

namespace AkkaCp.Scheduling.Blocks;

/// <summary>The names of one request's full blocks, first tokens first. Immutable.</summary>
internal sealed record BlockChain
{
    private readonly BlockName _root;

    private BlockChain(BlockName root, int blockTokens) => (_root, BlockTokens) = (root, blockTokens);

    /// <summary>Tokens of a block.</summary>
    public int BlockTokens { get; }

    /// <summary>One for each full block.</summary>
    public ImmutableArray<BlockName> Names { get; private init; } = [];

    /// <summary>The chain of a request's tokens; what does not fill a block has no name.</summary>
    public static BlockChain Of(BlockName root, ReadOnlySpan<int> tokens, int blockTokens)
    {
        var names = ImmutableArray.CreateBuilder<BlockName>(tokens.Length / blockTokens);
        var last = root;
        for (var i = 0; i < names.Capacity; i++)
            names.Add(last = last.Next(tokens.Slice(i * blockTokens, blockTokens)));
        return new BlockChain(root, blockTokens) { Names = names.MoveToImmutable() };
    }

    /// <summary>With one more block.</summary>
    public BlockChain Add(ReadOnlySpan<int> tokens) => this with { Names = Names.Add((Names.IsEmpty ? _root : Names[^1]).Next(tokens)) };
}
