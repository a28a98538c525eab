using AkkaCp.Model.Gguf;
using AkkaCp.Model.Gguf.Translation;
using AkkaCp.Text.Files;

namespace AkkaCp.Model;

/// <summary>
/// A model's files, wherever they lie: in a directory of Hugging Face's layout, or in a GGUF file, which holds all of them.
/// </summary>
public static class ModelFiles
{
    /// <summary>The small files of a model: config, tokenizer, chat templates, generation defaults. Nothing is read yet.</summary>
    /// <param name="path">A directory, or a GGUF file; any part of one that is split.</param>
    public static ModelFolder Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return GgufParts.IsGguf(path) ? GgufFolder.Of(path) : new ModelFolder(path);
    }

    /// <summary>Whether anything lies at a path that a model may be in.</summary>
    public static bool Exist(string path) => Directory.Exists(path) || (GgufParts.IsGguf(path) && File.Exists(path));
}
