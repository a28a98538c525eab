using System.Globalization;
using System.Text;

namespace AkkaCp.Actors.Settings;

/// <summary>Writes settings as HOCON that reads back as an equal record.</summary>
internal static class CpSettingsWriter
{
    public static string Write(CpSettings settings)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in Entries(settings))
            text.Append(CultureInfo.InvariantCulture, $"akka-cp.{key} = {value}\n");
        if (settings.Akka.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"akka {{\n{settings.Akka}\n}}\n");
        return text.ToString();
    }

    private static IEnumerable<(string Key, string Value)> Entries(CpSettings settings)
    {
        var (model, parallel, kv, device) = (settings.Model, settings.Parallel, settings.KvCache, settings.Device);
        var (cp, scheduler) = (settings.ContextParallel, settings.Scheduler);
        yield return ("model.path", model.Path is null ? "none" : HoconText.Quote(model.Path));
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
        yield return ("scheduler.drain-timeout", Duration(scheduler.DrainTimeout == TimeSpan.Zero ? null : scheduler.DrainTimeout));
        yield return ("kv-cache.block-size", Number(kv.BlockSizeTokens));
        yield return ("kv-cache.tokens", Number(kv.Tokens));
        yield return ("kv-cache.memory", $"{kv.MemoryBytes.ToString(CultureInfo.InvariantCulture)}B");
        yield return ("kv-cache.dtype", Word(kv.DType));
        yield return ("device.threads", Number(device.Threads));
        yield return ("device.pin", Word(device.Pin));
    }

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "auto";

    private static string Duration(TimeSpan? duration) =>
        duration is { } time ? $"{time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms" : "off";

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
