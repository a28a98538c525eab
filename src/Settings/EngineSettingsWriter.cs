using System.Globalization;
using System.Text;

namespace AkkaCp.Settings;

/// <summary>Writes settings as HOCON that reads back as an equal record.</summary>
internal static class EngineSettingsWriter
{
    public static string Write(EngineSettings settings)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in Entries(settings))
            text.Append(CultureInfo.InvariantCulture, $"akka-cp.{key} = {value}\n");
        if (settings.Akka.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"akka {{\n{settings.Akka}\n}}\n");
        return text.ToString();
    }

    private static IEnumerable<(string Key, string Value)> Entries(EngineSettings settings)
    {
        var (model, parallel, kv, device) = (settings.Model, settings.Parallel, settings.KvCache, settings.Device);
        var (cp, scheduler) = (settings.ContextParallel, settings.Scheduler);
        yield return ("model.path", Text(model.Path, "none"));
        yield return ("model.dtype", Word(model.DType));
        yield return ("parallel.tp", Number(parallel.Tp));
        yield return ("parallel.attn-cp", Number(parallel.AttnCp));
        yield return ("parallel.moe-dp", Number(parallel.MoeDp));
        yield return ("parallel.ep", Number(parallel.Ep));
        yield return ("parallel.collective-timeout", Duration(parallel.CollectiveTimeout));
        yield return ("context-parallel.min-tokens", Number(cp.MinTokens));
        yield return ("context-parallel.replicate-tokens", Number(cp.ReplicateTokens));
        yield return ("scheduler.chunk-tokens", Number(scheduler.ChunkTokens));
        yield return ("scheduler.max-step-tokens", Number(scheduler.MaxStepTokens));
        yield return ("scheduler.max-running", Number(scheduler.MaxRunning));
        yield return ("scheduler.queue-limit", Number(scheduler.QueueLimit));
        yield return ("scheduler.steps-in-flight", Number(scheduler.StepsInFlight));
        yield return ("scheduler.step-timeout", Duration(scheduler.StepTimeout));
        yield return ("scheduler.start-timeout", Duration(scheduler.StartTimeout));
        yield return ("scheduler.drain-timeout", Duration(scheduler.DrainTimeout == TimeSpan.Zero ? null : scheduler.DrainTimeout));
        yield return ("kv-cache.block-size", Number(kv.BlockSizeTokens));
        yield return ("kv-cache.tokens", Number(kv.Tokens));
        yield return ("kv-cache.memory", $"{kv.MemoryBytes.ToString(CultureInfo.InvariantCulture)}B");
        yield return ("kv-cache.dtype", Word(kv.DType));
        yield return ("device.threads", Number(device.Threads));
        yield return ("device.pin", Word(device.Pin));
        foreach (var entry in ClusterEntries(settings.Cluster).Concat(TransportEntries(settings.Transport)))
            yield return entry;
    }

    private static IEnumerable<(string Key, string Value)> ClusterEntries(ClusterSettings cluster)
    {
        yield return ("cluster.name", HoconText.Quote(cluster.Name));
        yield return ("cluster.host", HoconText.Quote(cluster.Host));
        yield return ("cluster.port", Number(cluster.Port));
        yield return ("cluster.advertise", Text(cluster.Advertise, "auto"));
        yield return ("cluster.seeds", $"[{string.Join(", ", cluster.Seeds.Select(HoconText.Quote))}]");
        yield return ("cluster.node-name", Text(cluster.NodeName, "auto"));
        yield return ("cluster.places", Number(cluster.Places));
        yield return ("cluster.wait-for-nodes", Duration(cluster.WaitForNodes));
        yield return ("cluster.lost-epochs", Number(cluster.LostEpochs));
        yield return ("cluster.node-timeout", Duration(cluster.NodeTimeout));
    }

    private static IEnumerable<(string Key, string Value)> TransportEntries(TransportSettings transport)
    {
        yield return ("transport.host", Text(transport.Host, "auto"));
        yield return ("transport.port", Number(transport.Port));
        yield return ("transport.advertise", Text(transport.Advertise, "auto"));
        yield return ("transport.insecure", transport.Insecure ? "on" : "off");
        yield return ("transport.tls.certificate", Text(transport.Tls.Certificate, "off"));
        yield return ("transport.tls.key", Text(transport.Tls.Key, "none"));
        yield return ("transport.tls.password", Text(transport.Tls.Password, "none"));
        yield return ("transport.tls.ca", Text(transport.Tls.Ca, "none"));
    }

    private static string Text(string? text, string none) => text is null ? none : HoconText.Quote(text);

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "auto";

    private static string Duration(TimeSpan? duration) =>
        duration is { } time ? $"{time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms" : "off";

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
