using Akka.Configuration;

namespace AkkaCp.Settings;

/// <summary>The typed form of <c>akka-cp { … }</c>. Nothing else reads <see cref="Config"/>.</summary>
public sealed record EngineSettings
{
    /// <summary>A model directory may hold this file: defaults for that model, below the deployment's own file.</summary>
    public const string ModelDefaultsFile = "akkacp.conf";

    /// <summary>What is loaded.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>How many ranks there are and how they share the work.</summary>
    public ParallelSettings Parallel { get; init; } = new();

    /// <summary>Which requests are split.</summary>
    public ContextParallelSettings ContextParallel { get; init; } = new();

    /// <summary>What runs next.</summary>
    public SchedulerSettings Scheduler { get; init; } = new();

    /// <summary>The paged pool.</summary>
    public KvCacheSettings KvCache { get; init; } = new();

    /// <summary>The cores of each rank.</summary>
    public DeviceSettings Device { get; init; } = new();

    /// <summary>A node's control plane.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>A node's data plane, and TLS.</summary>
    public TransportSettings Transport { get; init; } = new();

    /// <summary>The HTTP service.</summary>
    public ServerSettings Server { get; init; } = new();

    /// <summary>The <c>akka { … }</c> beside it as HOCON text, empty where there is none.</summary>
    public string Akka { get; init; } = "";

    /// <summary>Reads a parsed configuration; keys that it does not name have their defaults.</summary>
    /// <exception cref="SettingsException">Unknown keys, wrong values: all of them.</exception>
    public static EngineSettings From(Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var problems = new List<string>();
        var settings = EngineSettingsReader.Read([new ConfigLayer("configuration", config)], problems);
        return problems.Count == 0 ? settings : throw new SettingsException(problems);
    }

    /// <summary>
    /// Reads defaults, then the model directory's own file, then <paramref name="file"/>, then the overrides: the later wins.
    /// </summary>
    /// <param name="file">HOCON file, or null for none.</param>
    /// <param name="overrides">Each <c>key=value</c> with the key below <c>akka-cp</c>, as in <c>scheduler.chunk-tokens=64</c>.</param>
    /// <param name="modelDirectory">
    /// Where <see cref="ModelDefaultsFile"/> is looked for. Null: model.path of the file or the overrides, if any names one.
    /// </param>
    /// <exception cref="SettingsException">A file cannot be read or parsed, unknown keys, wrong values: all of them.</exception>
    public static EngineSettings Load(string? file, IEnumerable<string> overrides, string? modelDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        return EngineSettingsLoader.Load(file, overrides, modelDirectory);
    }

    /// <summary>What the keys say; mistakes are gathered in <paramref name="section"/>.</summary>
    internal static EngineSettings Read(SettingsSection section) => new()
    {
        Model = ModelSettings.Read(section),
        Parallel = ParallelSettings.Read(section),
        ContextParallel = ContextParallelSettings.Read(section),
        Scheduler = SchedulerSettings.Read(section),
        KvCache = KvCacheSettings.Read(section),
        Device = DeviceSettings.Read(section),
        Cluster = ClusterSettings.Read(section),
        Transport = TransportSettings.Read(section),
        Server = ServerSettings.Read(section),
    };
}
