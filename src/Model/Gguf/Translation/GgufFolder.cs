using System.Text;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf.Translation;

/// <summary>The small files of a model directory, made from the metadata of a GGUF file.</summary>
internal static class GgufFolder
{
    private const string Template = "tokenizer.chat_template";

    /// <summary>The files that a GGUF file stands for; it is read when one of them is asked for.</summary>
    public static ModelFolder Of(string path) =>
        new(path, Path.GetFileName(GgufParts.Stem(path)), () => Contents(path));

    private static Dictionary<string, byte[]> Contents(string path)
    {
        using var set = GgufSet.Open(path);
        var config = GgufConfig.Json(set);
        var tokenizer = new GgufTokenizer(set.Metadata, GgufConfig.VocabRows(set));
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = config,
            ["tokenizer.json"] = tokenizer.Json(),
            ["tokenizer_config.json"] = GgufDefaults.TokenizerConfigJson(tokenizer),
            ["generation_config.json"] = GgufDefaults.GenerationJson(set.Metadata, tokenizer),
        };
        foreach (var key in set.Metadata.Keys.Where(key => key == Template || key.StartsWith(Template + ".", StringComparison.Ordinal)))
            files.Add(FileOf(key), Encoding.UTF8.GetBytes(set.Metadata.Text(key)!));
        return files;
    }

    private static string FileOf(string key) =>
        key == Template ? "chat_template.jinja" : $"additional_chat_templates/{key[(Template.Length + 1)..]}.jinja";
}
