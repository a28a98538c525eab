using System.Globalization;
using AkkaCp.Settings;

namespace AkkaCp.Engine.Composition;

/// <summary>Lays a program's options over the configuration, so that there is one source of settings.</summary>
internal static class EngineConfiguration
{
    /// <summary>The settings that the options mean.</summary>
    /// <exception cref="SettingsException">Unknown keys, wrong values: all of them.</exception>
    public static EngineSettings Load(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        RequireValues(options.Overrides);
        return EngineSettings.Load(options.ConfigFile, Overrides(options), options.ModelPath);
    }

    private static void RequireValues(IReadOnlyDictionary<string, string>? overrides)
    {
        if (overrides is null)
            throw new SettingsException(["overrides: expected keys and values, found null"]);
        if (overrides.Where(pair => pair.Value is null).Select(pair => $"overrides: {pair.Key}: expected a value, found null")
            .ToList() is { Count: > 0 } nulls)
        {
            throw new SettingsException(nulls);
        }
    }

    /// <summary>Name of the configuration's model, its directory's; null when it names none.</summary>
    public static string? ModelNameOf(EngineOptions options) =>
        Load(options).Model.Path is { } path ? new DirectoryInfo(Path.TrimEndingDirectorySeparator(path)).Name : null;

    private static IEnumerable<string> Overrides(EngineOptions options)
    {
        (string Key, string? Value)[] known =
        [
            ("model.path", options.ModelPath),
            ("model.dtype", options.Dtype),
            ("model.activations", options.Activations),
            ("parallel.tp", Text(options.Tp)),
            ("parallel.attn-cp", Text(options.AttnCp)),
            ("parallel.moe-dp", Text(options.MoeDp)),
            ("parallel.ep", Text(options.Ep)),
            ("device.threads", options.Threads is 0 ? "auto" : Text(options.Threads)),
            ("scheduler.chunk-tokens", Text(options.ChunkTokens)),
            ("context-parallel.min-tokens", Text(options.MinCpTokens)),
            ("scheduler.drain-timeout", Text(options.DrainTimeout)),
        ];
        return known.Where(pair => pair.Value is not null).Select(pair => $"{pair.Key}={pair.Value}")
            .Concat(options.Overrides.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    private static string? Text(TimeSpan? duration) => duration is not { } given ? null
        : given == TimeSpan.Zero ? "off" : string.Create(CultureInfo.InvariantCulture, $"{given.TotalMilliseconds:0}ms");

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
