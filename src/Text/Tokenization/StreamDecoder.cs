using System.Text;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Turns tokens into text as they come. A token may end inside a character: its bytes wait for the next one, so what is
/// returned is always whole characters, and all of it together is what <see cref="Tokenizer.Decode"/> gives. Not thread-safe.
/// </summary>
public sealed class StreamDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    internal StreamDecoder(Tokenizer tokenizer, bool skipSpecial)
    {
        _tokenizer = tokenizer;
        _skipSpecial = skipSpecial;
    }

    /// <summary>The characters that are complete with this token; often none. Bytes that are no UTF-8 give U+FFFD.</summary>
    /// <param name="id">Token id; one at or above <see cref="Tokenizer.VocabSize"/> has no text.</param>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public string Append(int id)
    {
        var bytes = _tokenizer.BytesOf(id, _skipSpecial);
        return bytes.IsEmpty ? "" : Convert(bytes, flush: false);
    }

    /// <summary>U+FFFD if the last token ended inside a character, else nothing. The decoder is then as new.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[_utf8.GetCharCount(bytes, flush)];
        var length = _utf8.GetChars(bytes, chars, flush);
        return new string(chars, 0, length);
    }
}
