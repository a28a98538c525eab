using System.CommandLine;
using AkkaCp.Actors.Logging;
using AkkaCp.Engine;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace AkkaCp.Cli.Commands;

/// <summary>What a command line says about the engine.</summary>
internal static class EngineFlags
{
    private const int DefaultAttnCp = 2;

    /// <summary>
    /// The engine's options. A layout flag makes the whole layout the command line's, with tp and moe-dp as attn-cp where they
    /// are not given; without one it is the configuration's, where a file or --set gives one, and attn-cp 2 otherwise.
    /// </summary>
    public static EngineOptions Read(ParseResult parsed)
    {
        var config = parsed.GetValue(CommonOptions.Config) is { } file ? ExistingConfig(file) : null;
        var overrides = parsed.GetValue(CommonOptions.Set) ?? [];
        var options = new EngineOptions
        {
            ModelPath = ModelPath(parsed.GetValue(CommonOptions.Model), config, overrides),
            ConfigFile = config,
            Overrides = Overrides(overrides),
            Dtype = parsed.GetValue(CommonOptions.Dtype),
            Activations = parsed.GetValue(CommonOptions.Activations),
            Threads = parsed.GetValue(CommonOptions.Threads),
            ChunkTokens = parsed.GetValue(CommonOptions.Chunk),
            MinCpTokens = parsed.GetValue(CommonOptions.MinCpTokens),
        };
        var isConfigured = config is not null || options.Overrides.Keys.Any(IsLayoutKey);
        return isConfigured && !HasLayout(parsed) ? options : WithLayout(options, parsed);
    }

    /// <summary>Logs to stderr where --verbose is given; nowhere otherwise.</summary>
    public static ILoggerFactory? Loggers(ParseResult parsed) =>
        parsed.GetValue(CommandTree.Verbose) ? ErrorStream(LogLevel.Debug, LogLevel.Debug) : null;

    /// <summary>Of what runs for long also what an operator should see: the engine's own warnings.</summary>
    public static ILoggerFactory LoggersOfANode(ParseResult parsed) => Loggers(parsed) ?? ErrorStream(LogLevel.Warning, LogLevel.None);

    private static ILoggerFactory ErrorStream(LogLevel ours, LogLevel others) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(others)
        .AddFilter(LogCategories.Engine, ours)
        .AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;

            // A reader that does not read must not hold up who logs.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        })
        .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss.fff ")));

    private static bool HasLayout(ParseResult parsed) =>
        new[] { CommonOptions.Tp, CommonOptions.AttnCp, CommonOptions.MoeDp, CommonOptions.Ep }
            .Any(option => parsed.GetValue(option) is not null);

    private static bool IsLayoutKey(string key)
    {
        var parts = key.Split('.');
        return parts is [.., "parallel", "tp" or "attn-cp" or "moe-dp" or "ep"];
    }

    private static EngineOptions WithLayout(EngineOptions options, ParseResult parsed)
    {
        var attnCp = parsed.GetValue(CommonOptions.AttnCp) ?? DefaultAttnCp;
        return options with
        {
            AttnCp = attnCp,
            Tp = parsed.GetValue(CommonOptions.Tp) ?? attnCp,
            MoeDp = parsed.GetValue(CommonOptions.MoeDp) ?? attnCp,
            Ep = parsed.GetValue(CommonOptions.Ep) ?? 1,
        };
    }

    // The configuration's model where it names one, which the engine finds there; otherwise the demo model.
    private static string? ModelPath(string? model, string? config, string[] overrides) =>
        model is null && EngineSettings.Load(config, overrides).Model.Path is not null ? null : ModelDirectory.Find(model);

    private static string ExistingConfig(string file) => File.Exists(file)
        ? Path.GetFullPath(file)
        : throw new UsageException($"--config: expected a HOCON file, found none at {Path.GetFullPath(file)}");

    private static Dictionary<string, string> Overrides(IEnumerable<string> settings)
    {
        var overrides = new Dictionary<string, string>();
        foreach (var setting in settings)
        {
            var at = setting.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw new UsageException($"--set: expected key=value, found \"{setting}\"");
            overrides[setting[..at].Trim()] = setting[(at + 1)..].Trim();
        }

        return overrides;
    }
}
