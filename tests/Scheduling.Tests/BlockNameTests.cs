using AkkaCp.Scheduling.Blocks;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

public class BlockNameTests
{
    [Fact]
    public void NameDependsOnAllThatStandsBeforeIt()
    {
        int[] tokens = [1, 2, 3, 4];
        var name = Name("model", "salt", tokens);
        Assert.Equal(name, Name("model", "salt", tokens));
        Assert.NotEqual(name, Name("model 2", "salt", tokens));
        Assert.NotEqual(name, Name("model", "salt 2", tokens));
        Assert.NotEqual(name, Name("models", "alt", tokens));
        Assert.NotEqual(name, Name("model", "", tokens));
        for (var i = 0; i < tokens.Length; i++)
            Assert.NotEqual(name, Name("model", "salt", [.. tokens.Select((token, at) => at == i ? token + 256 : token)]));
    }

    [Fact]
    public void Chain_NamesFullBlocksOnly_AndGrowsAsIfItHadBeenWholeAtFirst()
    {
        int[] tokens = [.. Enumerable.Range(0, 70)];
        var root = BlockName.Root("", "");
        var chain = BlockChain.Of(root, tokens.AsSpan(0, 17), 16);
        Assert.Single(chain.Names);
        chain = chain.Add(tokens.AsSpan(16, 16)).Add(tokens.AsSpan(32, 16)).Add(tokens.AsSpan(48, 16));
        Assert.Equal(BlockChain.Of(root, tokens, 16).Names, chain.Names);
        Assert.Equal(BlockChain.Of(root, [], 16).Add(tokens.AsSpan(0, 16)).Names, chain.Names[..1]);
    }

    private static BlockName Name(string content, string salt, int[] tokens) =>
        BlockChain.Of(BlockName.Root(content, salt), tokens, 2).Names[^1];
}
