using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AkkaCp.Model.Gguf.Translation;

/// <summary>The bytes of a JSON file that holds one object.</summary>
internal static class JsonFile
{
    // Vocabularies are full of characters that need no escape in a file.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, s_options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }
}
