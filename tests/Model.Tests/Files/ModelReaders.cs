using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Tests.Files;

/// <summary>Everything that reads a file of a model directory.</summary>
internal static class ModelReaders
{
    public static IReadOnlyList<Action<string>> All { get; } =
    [
        directory => ModelConfig.Load(directory),
        directory => GenerationDefaults.Load(directory),
        directory => Tokenizer.Load(directory),
        directory => ChatTemplate.Load(directory),
        directory => WeightFiles.Open(directory).Dispose(),
        directory => ModelFacts.Read(directory),
    ];

    /// <summary>The errors that readers throw at a directory, which are all of the kinds that name the file.</summary>
    public static IReadOnlyList<Exception> ErrorsOf(string directory) =>
        [.. All.Select(read => ErrorOf(read, directory)).OfType<Exception>()];

    /// <summary>Whether an error is one of the kinds that a damaged file may give.</summary>
    public static bool IsTyped(Exception error) =>
        error is ModelFormatException or ModelConfigException or TemplateException;

    private static Exception? ErrorOf(Action<string> read, string directory)
    {
        try
        {
            read(directory);
            return null;
        }
        catch (Exception error) when (IsTyped(error))
        {
            return error;
        }
    }
}
