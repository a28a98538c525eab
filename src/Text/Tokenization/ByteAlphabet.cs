using System.Text;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// GPT-2's printable stand-ins for the 256 bytes, in which vocabularies of byte-level BPE are written: printable Latin-1
/// bytes stand for themselves, the other 68 are U+0100 upwards in order (so a space is Ġ).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_symbols = BuildSymbols();
    private static readonly Dictionary<char, byte> s_bytes =
        Enumerable.Range(0, 256).ToDictionary(value => s_symbols[value], value => (byte)value);

    /// <summary>The character that stands for a byte.</summary>
    public static char Symbol(byte value) => s_symbols[value];

    /// <summary>The bytes that a vocabulary entry stands for; its own UTF-8 when it is not written in this alphabet.</summary>
    public static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            if (!s_bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }

        return bytes;
    }

    private static char[] BuildSymbols()
    {
        var symbols = new char[256];
        var standIn = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            symbols[value] = printable ? (char)value : standIn++;
        }

        return symbols;
    }
}
