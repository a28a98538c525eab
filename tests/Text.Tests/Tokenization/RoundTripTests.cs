using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using CsCheck;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

public class RoundTripTests
{
    private const int Count = 3000;

    private readonly Tokenizer _demo = Tokenizer.Load(RepositoryFiles.DemoModel);
    private readonly Tokenizer _hf = Tokenizer.Load(TokenizerFolder.Hf);

    [Fact]
    public void AnyText_ComesBackAsItsNormalForm_WithReplacementsForLoneSurrogates()
    {
        foreach (var text in RandomTexts.Any(Count))
        {
            var expected = NfcNormalizer.Normalize(WithoutLoneSurrogates(text));
            foreach (var allowSpecial in new[] { true, false })
            {
                AssertText(expected, NfcNormalizer.Normalize(_demo.Decode(_demo.Encode(text, allowSpecial))), text);
                AssertText(expected, NfcNormalizer.Normalize(_hf.Decode(_hf.Encode(text, allowSpecial))), text);
            }
        }
    }

    /// <summary>Without tokens to cut out, the decoded text is the normal form itself, nothing left to do.</summary>
    [Fact]
    public void PlainText_ComesBackNormalized()
    {
        foreach (var text in RandomTexts.Bmp(Count))
            AssertText(NfcNormalizer.Normalize(text), _demo.Decode(_demo.Encode(text)), text);
    }

    [Fact]
    public void PreTokenizerPieces_TileTheNormalizedText()
    {
        foreach (var text in RandomTexts.Bmp(Count))
        {
            var pieces = _demo.PreTokenize(text);
            Assert.DoesNotContain("", pieces);
            AssertText(NfcNormalizer.Normalize(text), string.Concat(pieces), text);
        }
    }

    // Not a theory: attributes hold text as UTF-8, which has no lone surrogates.
    [Fact]
    public void LoneSurrogate_BecomesReplacementCharacter()
    {
        Assert.Equal("a\uFFFDb", _demo.Decode(_demo.Encode("a\uD800b")));
        Assert.Equal("\uFFFD", _demo.Decode(_demo.Encode("\uDC00")));
        Assert.Equal("x\uFFFD", _demo.Decode(_demo.Encode("x\uD83D")));
        Assert.Equal("\uFFFD\uFFFD", _demo.Decode(_demo.Encode("\uDE00\uD83D")));
    }

    [Fact]
    public void StreamedTokens_GiveWholeCharacters_AndTogetherTheDecodedText()
    {
        var anyIds = Gen.Int[0, _hf.VocabSize + 3].Array[0, 30];
        var ofTexts = RandomTexts.Any(Count).Select(text => _hf.Encode(text));
        foreach (var ids in RandomTexts.Values(anyIds, Count).Concat(ofTexts))
        {
            foreach (var skipSpecial in new[] { true, false })
            {
                var decoder = _hf.CreateStreamDecoder(skipSpecial);
                var parts = ids.Select(decoder.Append).ToList();
                parts.Add(decoder.Flush());
                Assert.Equal(_hf.Decode(ids, skipSpecial), string.Concat(parts));
                Assert.All(parts, part => Assert.Equal(part, WithoutLoneSurrogates(part)));
            }
        }
    }

    [Fact]
    public void CharacterInSeveralTokens_AppearsWithItsLastByte_AndRestAppearsAtFlush()
    {
        var ids = _demo.Encode("𠮷");
        Assert.Equal(4, ids.Length);
        var decoder = _demo.CreateStreamDecoder();
        Assert.Equal(["", "", "", "𠮷"], ids.Select(decoder.Append));
        Assert.Equal("", decoder.Flush());
        Assert.Equal("", decoder.Append(ids[0]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("a", decoder.Append(_demo.TokenId("a")!.Value));
    }

    [Fact]
    public void Pieces_ShowTextWhereItIsWhole_AndBytesWhereNot()
    {
        var ids = _demo.Encode("the é<|im_end|>");
        Assert.Equal("the é<|im_end|>", _demo.Decode(ids));
        var pieces = _demo.Pieces(ids);
        Assert.Equal(ids.Length, pieces.Count);
        Assert.Equal(["<0xC3>", "<0xA9>", "<|im_end|>"], pieces.TakeLast(3));
        Assert.Equal("the ", string.Concat(pieces.SkipLast(3)));
    }

    private static string WithoutLoneSurrogates(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()));

    private static void AssertText(string expected, string actual, string source) =>
        Assert.True(expected == actual, $"Of {RandomTexts.Show(source)} came {RandomTexts.Show(actual)}.");
}
