using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Gguf.Translation;
using AkkaCp.Model.Gguf.Writing;
using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;
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

    /// <summary>Kinds of GGUF files that <see cref="WriteGguf"/> makes, the most asked for first.</summary>
    public static IReadOnlyList<string> GgufKinds { get; } = [.. GgufMix.All.Select(mix => mix.Name)];

    /// <summary>Makes a GGUF file of a model, as llama.cpp's converter and llama-quantize would; it appears when it is complete.</summary>
    /// <param name="model">A directory, or a GGUF file.</param>
    /// <param name="output">The file.</param>
    /// <param name="kind">One of <see cref="GgufKinds"/>.</param>
    /// <param name="overwrite">Whether a file that is there is replaced.</param>
    /// <param name="progress">Told now and then, with bytes of the file; null = nobody.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is left of the file.</param>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    /// <exception cref="ModelConfigException">The model cannot run, or computes what a GGUF file cannot say.</exception>
    /// <exception cref="ModelFormatException">Its files are malformed, or a weight cannot be written.</exception>
    /// <exception cref="IOException">The file is there already, or cannot be written.</exception>
    public static void WriteGguf(
        string model, string output, string kind, bool overwrite = false, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var files = Of(model);
        WeightFiles.Check(model, ModelConfig.Load(files));
        using var weights = WeightFiles.Open(model);
        ExportGguf(files, ReadRows, output, kind, overwrite, progress, cancellationToken);

        void ReadRows(string tensor, int firstRow, Span<float> rows)
        {
            var columns = (int)weights.Find(tensor)!.Columns;
            weights.ReadRows(tensor, firstRow, rows.Length / columns, 0, columns, rows);
        }
    }

    /// <summary>Makes a GGUF file of weights that come from anywhere.</summary>
    internal static void ExportGguf(
        ModelFolder files, RowReader rows, string output, string kind, bool overwrite, IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken)
    {
        var mix = GgufMix.All.FirstOrDefault(mix => mix.Name == kind)
            ?? throw new ArgumentException($"kind: expected {string.Join(", ", GgufKinds)}, found \"{kind}\".", nameof(kind));
        if (!overwrite && File.Exists(output))
            throw new IOException($"{output}: expected no file, found one.");
        var config = ModelConfig.Load(files);
        var defaults = GenerationDefaults.Load(files);
        var source = new GgufSource(
            files, config, defaults.DoSample ? defaults.Sampling : null,
            defaults.EosTokenIds.Count > 0 ? defaults.EosTokenIds : config.EosTokenIds, rows);
        GgufExport.Write(output, overwrite, source, mix, progress, cancellationToken);
    }
}
