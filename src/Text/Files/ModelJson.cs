using System.Text.Json;

namespace AkkaCp.Text.Files;

/// <summary>
/// Parses a JSON file of a model directory. What it returns is sound: every string and name in it is text, and no name comes twice.
/// </summary>
internal static class ModelJson
{
    private const int MaxDepth = 64;

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>Reads and parses a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Most bytes that it may have.</param>
    /// <exception cref="ModelFormatException">The file cannot be read, or is no JSON in UTF-8: with the place.</exception>
    public static JsonDocument Read(string path, int maxBytes = ModelFile.MaxBytes) => Parse(path, ModelFile.Read(path, maxBytes));

    /// <summary>Parses the bytes of a file; <paramref name="file"/> names it in errors.</summary>
    /// <exception cref="ModelFormatException">The bytes are no JSON in UTF-8: with the place.</exception>
    public static JsonDocument Parse(string file, ReadOnlyMemory<byte> json)
    {
        Utf8Text.Require(file, json.Span);
        try
        {
            RequireWholeSurrogates(file, json.Span);
            return JsonDocument.Parse(json, s_options);
        }
        catch (JsonException error)
        {
            var found = json.IsEmpty ? "an empty file" : error.Message.TrimEnd('.');
            throw new ModelFormatException(file, Place(error), $"JSON of depth {MaxDepth} at most without repeated keys", found, error);
        }
    }

    private static string Place(JsonException error) =>
        error is { LineNumber: { } line, BytePositionInLine: { } column } ? $"line {line + 1}, column {column + 1}" : "the file";

    /// <summary>An escape such as \ud800 alone passes the parser and would throw at whoever reads the string.</summary>
    private static void RequireWholeSurrogates(string file, ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
            return;

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped && !IsText(ref reader))
            {
                throw new ModelFormatException(
                    file, Utf8Text.Place(json, (int)reader.TokenStartIndex), "text in well-formed Unicode", "escapes that make none");
            }
        }
    }

    private static bool IsText(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
