using CsCheck;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>Random texts from a fixed seed: the same on every run.</summary>
internal static class RandomTexts
{
    private const string Telling =
        "''''stmdrevlSTLſ\r\n\r\n\t    .,!#/=09½²٣ⅷéß" +
        "\u0301\u0323\u0345\u00A0\u2003\u3000\u0085\u200B\u200D你日ᄀ\u1161\u11A8한नि\u094Dשל\u212B\u1E9B";

    private static readonly Gen<string> s_telling = Gen.Char[Telling].Select(c => c.ToString());
    private static readonly Gen<string> s_ascii = Gen.Char[' ', '~'].Select(c => c.ToString());
    private static readonly Gen<string> s_belowSurrogates = Gen.Char['\0', '\uD7FF'].Select(c => c.ToString());
    private static readonly Gen<string> s_aboveSurrogates = Gen.Char['\uE000', '\uFFFF'].Select(c => c.ToString());
    private static readonly Gen<string> s_beyondBmp = Gen.Int[0x10000, 0x10FFFF].Select(char.ConvertFromUtf32);
    private static readonly Gen<string> s_loneSurrogate = Gen.Char['\uD800', '\uDFFF'].Select(c => c.ToString());
    private static readonly Gen<string> s_added =
        Gen.OneOf("<|im_start|>", "<|im_end|>", "<think>", "<think>!", "\u212Bngstrom", "A\u030Angstrom", "<|im_end");

    /// <summary>Any UTF-16: all planes, added tokens, halves of surrogate pairs.</summary>
    public static IEnumerable<string> Any(int count) => Texts(
        Gen.Frequency((6, s_telling), (3, s_ascii), (2, s_belowSurrogates), (1, s_aboveSurrogates), (2, s_beyondBmp),
            (1, s_loneSurrogate), (1, s_added)),
        count);

    /// <summary>Text of the basic multilingual plane, without surrogates and without added tokens.</summary>
    public static IEnumerable<string> Bmp(int count) =>
        Texts(Gen.Frequency((6, s_telling), (3, s_ascii), (2, s_belowSurrogates), (1, s_aboveSurrogates)), count);

    /// <summary>Random values from a fixed seed.</summary>
    public static IEnumerable<T> Values<T>(Gen<T> gen, int count)
    {
        var random = new PCG(1, 20260923);
        for (var i = 0; i < count; i++)
            yield return gen.Generate(random, null, out _);
    }

    /// <summary>A text as code units, for messages.</summary>
    public static string Show(string text) => string.Join(' ', text.Select(c => $"{(int)c:X4}"));

    private static IEnumerable<string> Texts(Gen<string> part, int count) =>
        Values(part.List[0, 40].Select(parts => string.Concat(parts)), count);
}
