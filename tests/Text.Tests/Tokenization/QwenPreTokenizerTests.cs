using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>One example and its edge for each alternative of the pattern; pieces are joined by |.</summary>
public class QwenPreTokenizerTests
{
    private readonly Tokenizer _demo = Tokenizer.Load(RepositoryFiles.DemoModel);

    [Theory]
    [InlineData("I'LLbe it'sx 'ſabc", "I|'LL|be| it|'s|x| '|ſabc")] // the space takes the apostrophe first
    [InlineData("'ſabc'Reef'dx'mx'VEx'tx", "'ſ|abc|'Re|ef|'d|x|'m|x|'VE|x|'t|x")]
    [InlineData("'rx'lx'v''s", "'rx|'lx|'v|''|s")]
    [InlineData("-abc\tdef(ghi", "-abc|\tdef|(ghi")]
    [InlineData("\nabc\r\nd", "\n|abc|\r\n|d")]
    [InlineData("a𠮷b 𐐀x", "a𠮷b| 𐐀x")]
    [InlineData("12𝟘𝟙½²٣ⅷ", "1|2|𝟘|𝟙|½|²|٣|ⅷ")]
    [InlineData(" !?\r\n\nx  -- \n", " !?\r\n\n|x| | --| \n")]
    [InlineData("🙂👍🏽 🙂x", "🙂👍🏽| 🙂|x")]
    [InlineData(" \n \n  x", " \n \n| | x")]
    [InlineData("x   ", "x|   ")]
    [InlineData("x   y", "x|  | y")]
    [InlineData("x \u3000\u00A07", "x| \u3000|\u00A0|7")]
    [InlineData("\u0085\u2028x\u200B\u180Ey", "\u0085|\u2028x|\u200B\u180E|y")]
    public void Text_SplitsAsThePatternSays(string text, string pieces) =>
        Assert.Equal(pieces.Split('|'), _demo.PreTokenize(text));
}
