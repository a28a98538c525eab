using Akka.Configuration;

namespace AkkaCp.Settings;

/// <summary>Reads files and overrides into layers.</summary>
internal static class EngineSettingsLoader
{
    private const string ModelPathKey = "akka-cp.model.path";
    private const int MostShown = 200;

    public static EngineSettings Load(string? file, IEnumerable<string> overrides, string? modelDirectory)
    {
        var problems = new List<string>();
        var layers = new List<ConfigLayer>();
        if (file is not null)
            layers.Add(ReadFile(file, problems));
        layers.AddRange(overrides.Select(text => ReadOverride(text, problems)));
        if (ModelDefaults(modelDirectory ?? ModelPath(layers)) is { } defaults)
            layers.Insert(0, ReadFile(defaults, problems));

        var settings = EngineSettingsReader.Read(layers, problems);
        return problems.Count == 0 ? settings : throw new SettingsException(problems);
    }

    private static string? ModelPath(List<ConfigLayer> layers) =>
        layers.LastOrDefault(layer => layer.Config.HasPath(ModelPathKey))?.Config.GetString(ModelPathKey);

    private static string? ModelDefaults(string? directory) =>
        directory is not null && Path.Combine(directory, EngineSettings.ModelDefaultsFile) is var path && File.Exists(path) ? path : null;

    private static ConfigLayer ReadFile(string file, List<string> problems)
    {
        try
        {
            return new ConfigLayer(file, HoconText.Parse(file, File.ReadAllText(file), problems));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // No path at all, an empty one or one with a zero character, is an ArgumentException.
            problems.Add($"configuration file {Shown(file)}: cannot be read: {exception.Message}");
            return new ConfigLayer(file, Config.Empty);
        }
    }

    // A program may have given anything.
    private static string Shown(string text)
    {
        var start = text.Length <= MostShown ? text : text[..MostShown] + "…";
        return string.Concat(start.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter));
    }

    /// <summary>The value is taken as it stands, so that paths and blanks need no quotes; a list with quotes is a list.</summary>
    private static ConfigLayer ReadOverride(string text, List<string> problems)
    {
        var source = $"--set {Shown(text)}";
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var key = equals < 0 ? "" : text[..equals].Trim();
        if (key.Length == 0
            || key.Any(letter => !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter) && letter is not ('.' or '-')))
        {
            problems.Add($"{source}: expected key=value with a key such as scheduler.chunk-tokens");
            return new ConfigLayer(source, Config.Empty);
        }

        key = key.StartsWith("akka-cp.", StringComparison.Ordinal) ? key : $"akka-cp.{key}";
        var value = text[(equals + 1)..].Trim();
        var isList = value is ['[', .., ']'] && value.Contains('"', StringComparison.Ordinal);
        return new ConfigLayer(source, HoconText.Parse(source, $"{key} = {(isList ? value : HoconText.Quote(value))}", problems));
    }
}
