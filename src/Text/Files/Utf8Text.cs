using System.Text;
using System.Text.Unicode;

namespace AkkaCp.Text.Files;

/// <summary>Refuses bytes that are no UTF-8 text, with the place of the first that is none.</summary>
internal static class Utf8Text
{
    /// <summary>Checks the bytes of a file.</summary>
    /// <exception cref="ModelFormatException">UTF-16, a byte order mark, or bytes that no character has in UTF-8.</exception>
    public static void Require(string file, ReadOnlySpan<byte> bytes)
    {
        if (EncodingOtherThanUtf8(bytes) is { } found)
            throw new ModelFormatException(file, "byte 0", "text in UTF-8 without a byte order mark", found);
        if (!Utf8.IsValid(bytes))
        {
            var place = FirstInvalid(bytes);
            throw new ModelFormatException(
                file, Place(bytes, place), "text in UTF-8", $"the byte 0x{bytes[place]:X2}, which begins or continues no character there");
        }
    }

    /// <summary>A place in a file for people: line and column from 1, in bytes.</summary>
    public static string Place(ReadOnlySpan<byte> bytes, int position)
    {
        var before = bytes[..position];
        return $"line {before.Count((byte)'\n') + 1}, column {position - (before.LastIndexOf((byte)'\n') + 1) + 1}";
    }

    // JSON and templates begin with an ASCII character, so a zero among the first two bytes is half of one in UTF-16 or UTF-32.
    private static string? EncodingOtherThanUtf8(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => "a byte order mark",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] => "UTF-16",
        [0, ..] or [_, 0, ..] => "a zero byte: UTF-16, or no text",
        _ => null,
    };

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        while (Rune.DecodeFromUtf8(bytes[position..], out _, out var size) == System.Buffers.OperationStatus.Done)
            position += size;
        return position;
    }
}
