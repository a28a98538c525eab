using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;

namespace AkkaCp.Model;

/// <summary>
/// Hashes the small files of a model directory. JSON is compared by its content: neither layout nor order of keys counts, nor do notes
/// on the program that saved it. The chat template is a fact of its own, wherever it is kept.
/// </summary>
internal static class ModelFactsReader
{
    /// <summary>The hash of what is not there.</summary>
    public const string Absent = "none";

    private static readonly string[] s_notes = ["transformers_version", "_name_or_path", "name_or_path", "chat_template"];

    public static ModelFacts Read(ModelFolder folder) => new(
    [
        Json(folder, "config.json"),
        new ModelFact("tokenizer.json", HashOf(Bytes(folder, "tokenizer.json"))),
        Json(folder, "tokenizer_config.json"),
        new ModelFact("chat template", HashOf(Template(folder))),
        Json(folder, GenerationDefaults.FileName),
    ]);

    private static ModelFact Json(ModelFolder folder, string name) => new(name, HashOf(Canonical(Bytes(folder, name))));

    /// <summary>All named templates, as their own reader finds them; what it refuses is for it to say.</summary>
    private static byte[]? Template(ModelFolder folder)
    {
        try
        {
            var templates = ChatTemplateFiles.Read(folder).Templates.OrderBy(one => one.Key, StringComparer.Ordinal);
            return Encoding.UTF8.GetBytes(string.Join('\0', templates.SelectMany(one => (string[])[one.Key, one.Value.Text])));
        }
        catch (ModelFormatException)
        {
            return null;
        }
    }

    /// <summary>With sorted keys and without notes; bytes that are no JSON as they are.</summary>
    private static byte[]? Canonical(byte[]? json)
    {
        if (json is null)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            using var memory = new MemoryStream();
            using (var writer = new Utf8JsonWriter(memory))
                Write(writer, document.RootElement);
            return memory.ToArray();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return json;
        }
    }

    private static void Write(Utf8JsonWriter to, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                to.WriteStartObject();
                foreach (var property in value.EnumerateObject().Where(one => !s_notes.Contains(one.Name))
                    .OrderBy(one => one.Name, StringComparer.Ordinal))
                {
                    to.WritePropertyName(property.Name);
                    Write(to, property.Value);
                }

                to.WriteEndObject();
                break;
            case JsonValueKind.Array:
                to.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(to, item);
                to.WriteEndArray();
                break;
            default:
                value.WriteTo(to);
                break;
        }
    }

    private static byte[]? Bytes(ModelFolder folder, string name) => folder.Has(name) ? folder.Read(name) : null;

    private static string HashOf(byte[]? bytes) => bytes is null
        ? Absent
        : XxHash128.HashToUInt128(bytes).ToString("x32", CultureInfo.InvariantCulture);
}
