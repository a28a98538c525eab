using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>Work is counted, not timed: candidates that the merger takes from its queue.</summary>
public class LinearTimeTests
{
    private const int Length = 200_000;

    private readonly Tokenizer _tokenizer = Tokenizer.Load(TokenizerFolder.Hf);

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("!")]
    [InlineData("\n")]
    [InlineData("7")]
    [InlineData("'")]
    [InlineData("ab")]
    [InlineData("\n ")]
    [InlineData("\u0301")]
    [InlineData("你")]
    [InlineData("𐐀")]
    [InlineData("<|im_start|>")]
    [InlineData("<|im_start|")]
    [InlineData("<")]
    public void RunOfEqualText_CostsAFewCandidatesPerByte_AndComesBack(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, Length / unit.Length));
        var merger = new BpeMerger(Vocabulary.Create(TokenizerFile.Read(TokenizerFolder.Hf)).Merges);
        var ids = _tokenizer.Encode(text, allowSpecial: true, merger);
        Assert.Equal(text, _tokenizer.Decode(ids));

        // n − 1 pairs at the start, and at most two new ones for each of at most n − 1 merges.
        Assert.InRange(merger.CandidatesTried, 0, 3L * System.Text.Encoding.UTF8.GetByteCount(text));
    }

    /// <summary>The demo model knows no merge for "z": each byte stays, and the work is none at all.</summary>
    [Fact]
    public void RunWithoutMerges_CostsNoCandidates()
    {
        var definition = TokenizerFile.Read(RepositoryFiles.DemoModel);
        var merger = new BpeMerger(Vocabulary.Create(definition).Merges);
        var ids = Tokenizer.Load(RepositoryFiles.DemoModel).Encode(new string('z', Length), true, merger);
        Assert.Equal(Length, ids.Length);
        Assert.Equal(0, merger.CandidatesTried);
    }

    /// <summary>Equal ranks merge from the left: an odd run leaves its single token at the end.</summary>
    [Fact]
    public void EqualRanks_MergeLeftmostFirst()
    {
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, json =>
        {
            json["model"]!["vocab"]!["zz"] = 512;
            json["model"]!["merges"]!.AsArray().Add(new JsonArray("z", "z"));
        });
        Assert.Equal([512, tokenizer.TokenId("z")!.Value], tokenizer.Encode("zzz"));
        Assert.Equal([512, 512], tokenizer.Encode("zzzz"));
    }
}
