using Akka.Configuration;

namespace AkkaCp.Settings;

/// <summary>Turns layers of configuration into the records; config/engine.conf lies below all of them.</summary>
internal static class EngineSettingsReader
{
    private const string ReferenceResource = "AkkaCp.Settings.engine.conf";

    /// <summary>Every key with its default, as the assembly holds it.</summary>
    public static string ReferenceText()
    {
        using var stream = typeof(EngineSettingsReader).Assembly.GetManifestResourceStream(ReferenceResource)
            ?? throw new InvalidOperationException($"{ReferenceResource} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The settings of the layers, later ones first in rank; mistakes go to <paramref name="problems"/>.</summary>
    public static EngineSettings Read(IReadOnlyList<ConfigLayer> layers, List<string> problems)
    {
        var reference = new ConfigLayer("default", HoconText.Parse("default", ReferenceText(), problems));
        var leaves = new Dictionary<string, (string Text, string Source)>();
        foreach (var layer in layers.Prepend(reference))
        {
            foreach (var (key, text) in layer.Leaves(problems))
                leaves[key] = (text, layer.Source);
        }

        var section = new SettingsSection(leaves, problems);
        var settings = EngineSettings.Read(section) with { Akka = AkkaText(layers) };
        ReportUnknownKeys(leaves, section.Known, problems);
        CheckAcrossKeys(settings, section);
        return settings;
    }

    private static void ReportUnknownKeys(
        Dictionary<string, (string Text, string Source)> leaves, IReadOnlyCollection<string> known, List<string> problems)
    {
        foreach (var (key, (_, source)) in leaves)
        {
            if (!known.Contains(key))
                problems.Add($"{source}: unknown key akka-cp.{key}; the nearest known one is akka-cp.{NearestName.Find(key, known)}");
        }
    }

    private static void CheckAcrossKeys(EngineSettings settings, SettingsSection section)
    {
        var (scheduler, kv) = (settings.Scheduler, settings.KvCache);
        if (kv.BlockSizeTokens % 16 != 0)
            section.Report("kv-cache.block-size", "expected a multiple of 16", kv.BlockSizeTokens);
        if (scheduler.MaxRunning >= scheduler.MaxStepTokens)
        {
            section.Report("scheduler.max-running", $"expected less than scheduler.max-step-tokens = {scheduler.MaxStepTokens}",
                scheduler.MaxRunning);
        }

        if (scheduler.ChunkTokens > scheduler.MaxStepTokens)
        {
            section.Report("scheduler.chunk-tokens", $"expected at most scheduler.max-step-tokens = {scheduler.MaxStepTokens}",
                scheduler.ChunkTokens);
        }

        settings.Server.Check(section);
        NodeSettingsChecks.Check(settings, section);
    }

    private static string AkkaText(IReadOnlyList<ConfigLayer> layers)
    {
        var merged = Config.Empty;
        foreach (var layer in layers)
        {
            if (!layer.Config.IsEmpty && layer.Config.HasPath("akka"))
                merged = layer.Config.GetConfig("akka").WithFallback(merged);
        }

        return merged.IsEmpty ? "" : merged.Root.ToString() ?? "";
    }
}
