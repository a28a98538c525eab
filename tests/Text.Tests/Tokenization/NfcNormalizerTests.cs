using System.Globalization;
using System.Text;
using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

public class NfcNormalizerTests
{
    /// <summary>Decompositions, marks in wrong order, jamo and mixtures, with the NFC that Python's unicodedata gives.</summary>
    [Fact]
    public void RecordedCases_GiveTheirNormalForm_WhichIsStable()
    {
        var path = Path.Combine(RepositoryFiles.Root, "tests", "Text.Tests", "Tokenization", "nfc-cases.txt");
        var lines = File.ReadLines(path).Where(line => !line.StartsWith('#')).ToArray();
        Assert.Equal(2100, lines.Length);
        Assert.All(lines, line =>
        {
            var (source, expected) = line.Split(';') is [var first, var second] ? (Text(first), Text(second)) : default;
            Assert.Equal(expected, NfcNormalizer.Normalize(source!));
            Assert.Equal(expected, NfcNormalizer.Normalize(expected!));
        });
    }

    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\U000110A5\U000110BA", "\U000110AB")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("a\u0315\u0300\u05AE\u0062", "\u00E0\u05AE\u0315\u0062")]
    public void KnownCharacters_TakeTheirNormalForm(string source, string expected) =>
        Assert.Equal(expected, NfcNormalizer.Normalize(source));

    [Fact]
    public void EverySyllable_ComesBackFromItsJamo()
    {
        for (var syllable = 0xAC00; syllable <= 0xD7A3; syllable++)
        {
            var index = syllable - 0xAC00;
            var jamo = $"{(char)(0x1100 + (index / 588))}{(char)(0x1161 + (index / 28 % 21))}";
            if (index % 28 != 0)
                jamo += (char)(0x11A7 + (index % 28));
            Assert.Equal(((char)syllable).ToString(), NfcNormalizer.Normalize(jamo));
        }
    }

    [Fact]
    public void NormalizedText_IsReturnedAsItIs()
    {
        var text = "Grüße, 世界 한국어 שלום \U0001F642 x\u0332\u031A";
        Assert.Same(text, NfcNormalizer.Normalize(text));
    }

    [Fact]
    public void EndlessRunOfMarks_IsOrdered()
    {
        var source = "q" + string.Concat(Enumerable.Repeat("\u0301\u0323", 50_000));
        var expected = "q" + new string('\u0323', 50_000) + new string('\u0301', 50_000);
        Assert.Equal(expected, NfcNormalizer.Normalize(source));
    }

    private static string Text(string hexes) =>
        string.Concat(hexes.Split(' ').Select(hex =>
            new Rune(int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString()));
}
