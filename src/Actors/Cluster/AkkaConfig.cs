using Akka.Configuration;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>How Akka is configured.</summary>
internal static class AkkaConfig
{
    private const string AkkaResource = "AkkaCp.Actors.akka.conf";

    /// <summary>Akka's configuration: the deployment's own, above ours.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="resource">What lies between: for processes that work together.</param>
    public static Config Of(EngineSettings settings, string? resource = null)
    {
        var ours = Resource(AkkaResource);
        if (resource is not null)
            ours = Resource(resource).WithFallback(ours);
        return settings.Akka.Length == 0 ? ours : ConfigurationFactory.ParseString($"akka {{\n{settings.Akka}\n}}").WithFallback(ours);
    }

    private static Config Resource(string name)
    {
        using var stream = typeof(AkkaConfig).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }
}
