using System.Text.Json;

namespace AkkaCp.Cli.Bench;

/// <summary>The results as one JSON object; scripts read these keys.</summary>
internal static class BenchJson
{
    /// <summary>Writes prefill results.</summary>
    /// <param name="output">One line goes here.</param>
    /// <param name="limitGflops">Of one core; a result's share is over this times its processors.</param>
    /// <param name="memory">Of the whole run.</param>
    /// <param name="results">The median runs.</param>
    public static void Write(TextWriter output, double limitGflops, BenchMemory memory, IEnumerable<PrefillResult> results) =>
        JsonOutput.WriteLine(output, json =>
        {
            json.WriteNumber("limit_gflops", Rounded(limitGflops));
            json.WriteNumber("weight_bytes", memory.WeightBytes);
            json.WriteNumber("kv_bytes", memory.KvBytes);
            json.WriteNumber("activation_bytes", memory.ActivationBytes);
            json.WriteNumber("peak_resident_bytes", memory.PeakResidentBytes);
            json.WriteStartArray("results");
            foreach (var result in results)
                WriteResult(json, limitGflops, result);
            json.WriteEndArray();
        });

    /// <summary>Writes decode results.</summary>
    /// <param name="output">One line goes here.</param>
    /// <param name="limitGBps">Of all processors that any of the layouts uses.</param>
    /// <param name="results">The median steps.</param>
    public static void Write(TextWriter output, double limitGBps, IEnumerable<DecodeResult> results) =>
        JsonOutput.WriteLine(output, json =>
        {
            json.WriteNumber("limit_gbps", Rounded(limitGBps));
            json.WriteStartArray("results");
            foreach (var result in results)
                WriteResult(json, result);
            json.WriteEndArray();
        });

    /// <summary>Writes how long loading took.</summary>
    public static void Write(TextWriter output, string dtype, LoadResult result) =>
        JsonOutput.WriteLine(output, json =>
        {
            json.WriteString("dtype", dtype);
            json.WriteNumber("file_bytes", result.FileBytes);
            json.WriteNumber("weight_bytes", result.WeightBytes);
            json.WriteNumber("threads", result.Threads);
            json.WriteNumber("load_seconds", Rounded(result.LoadSeconds));
            json.WriteNumber("read_seconds", Rounded(result.ReadSeconds));
            json.WriteNumber("read_and_keep_seconds", Rounded(result.ReadAndKeepSeconds));
        });

    private static void WriteResult(Utf8JsonWriter json, double limitGflops, PrefillResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("prompt_tokens", result.PromptTokens);
        WriteLayout(json, result.Layout, result.DType);
        json.WriteNumber("tokens_per_second", Rounded(result.TokensPerSecond));
        json.WriteNumber("ttft_ms", Rounded(result.Seconds * 1e3));
        json.WriteNumber("gflops", Rounded(result.Gflops));
        json.WriteNumber("share_of_limit", Rounded(result.ShareOfLimit));
        json.WriteNumber("share_by_processor_time", Rounded(result.Gflops * result.Seconds / result.ProcessorSeconds / limitGflops));
        json.WriteNumber("exposed_gather_share", Rounded(result.ExposedGatherShare));
        json.WriteNumber("peak_activation_bytes", result.PeakActivationBytes);
        json.WriteStartArray("stages");
        foreach (var stage in result.Stages)
        {
            json.WriteStartObject();
            json.WriteString("name", stage.Name);
            json.WriteNumber("ms", Rounded(stage.Milliseconds));
            json.WriteNumber("gflops", Rounded(stage.Gflops));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, DecodeResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("depth", result.Depth);
        json.WriteNumber("streams", result.Streams);
        WriteLayout(json, result.Layout, result.DType);
        json.WriteNumber("tokens_per_second", Rounded(result.TokensPerSecond));
        json.WriteNumber("tokens_per_second_per_stream", Rounded(result.TokensPerSecond / result.Streams));
        json.WriteNumber("step_ms", Rounded(result.StepSeconds * 1e3));
        json.WriteNumber("overhead_ms", Rounded(result.OverheadSeconds * 1e3));
        json.WriteNumber("bytes_per_token", Math.Round(result.StepBytes / result.Streams));
        json.WriteNumber("gbps", Rounded(result.GBps));
        json.WriteNumber("share_of_bandwidth", Rounded(result.ShareOfBandwidth));
        json.WriteNumber("managed_bytes_per_step", result.ManagedBytesPerStep);
        json.WriteStartArray("stages");
        foreach (var stage in result.Stages)
        {
            json.WriteStartObject();
            json.WriteString("name", stage.Name);
            json.WriteNumber("ms", Rounded(stage.Milliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLayout(Utf8JsonWriter json, BenchLayout layout, string dtype)
    {
        json.WriteNumber("tp", layout.Topology.Tp);
        json.WriteNumber("attn_cp", layout.Topology.AttnCp);
        json.WriteNumber("threads", layout.Threads);
        json.WriteString("dtype", dtype);
    }

    /// <summary>Six digits behind the point: no measurement has more.</summary>
    private static double Rounded(double value) => Math.Round(value, 6);
}
