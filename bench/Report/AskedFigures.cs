namespace AkkaCp.Bench.Report;

/// <summary>
/// The figures asked for. "q4" is four layers of Qwen3-30B-A3B's dimensions, "bench" the model of hidden size 1024 with 8 layers and 32
/// experts; two threads unless said otherwise.
/// </summary>
internal static class AskedFigures
{
    private const string Results = "results";

    // libtorch's prefill of the bench model in BF16, two cores of a Zen 4 machine, and what one of those cores multiplies at most.
    private const double LibtorchLimitGflops = 229;
    private static readonly (int Tokens, double Rate)[] s_libtorch = [(512, 967), (2048, 842), (4096, 635)];

    /// <summary>In the order of the table.</summary>
    public static IReadOnlyList<Figure> All { get; } =
        [.. Kernels(), .. Prefill(), .. Libtorch(), .. Decode(), .. Cp(), .. Memory(), .. Starts()];

    private static IEnumerable<Figure> Kernels()
    {
        yield return Product("BF16 product 2048×2048×2048, share of the limit, one core", "t=2048,n=2048,k=2048,d_type=BF16", 0.90);
        yield return Product("BF16 product of 32 rows × 2048 × 768, weights from memory", "t=32,n=2048,k=768,d_type=BF16", 0.75);
        yield return Product("F32 product 2048×2048×2048", "t=2048,n=2048,k=2048,d_type=F32", 0.85);
        yield return Product("INT8 product 2048×2048×2048", "t=2048,n=2048,k=2048,d_type=I8", 0.85);
        yield return new(
            "FIA prefill, 4096 tokens, 32 / 4 heads, D 128, BF16, share of the BF16 limit", 0.60, false, FigureUnit.Share, "operators",
            set => set.Row("operators", "attention", "rows=4096,prefix=0,cache=BF16", "bf16_share"));

        static Figure Product(string name, string where, double asked) =>
            new(name, asked, false, FigureUnit.Share, "operators", set => set.Row("operators", "products", where, "share"));
    }

    private static IEnumerable<Figure> Prefill()
    {
        yield return new("whole prefill, q4, BF16, 2048 tokens, share of the BF16 limit", 0.70, false, FigureUnit.Share, "prefill-q4",
            set => set.Row("prefill-q4", Results, "attn_cp=1,prompt_tokens=2048", "share_of_limit"));
        foreach (var (tokens, asked, name) in new[]
        {
            (512, 2.0, "peers-q4-bf16"), (2048, 3.0, "peers-q4-bf16"), (4096, 3.5, "peers-q4-bf16-4096"),
            (16384, 4.0, "peers-q4-bf16-16384"),
        })
        {
            yield return Peer($"prefill to llama.cpp, q4, BF16, {tokens} tokens", name, "prefill", tokens, asked);
        }

        yield return Peer("prefill to llama.cpp Q8_0, q4, int8, 2048 tokens", "peers-q4-q8", "prefill", 2048, 2.5);
    }

    private static IEnumerable<Figure> Libtorch()
    {
        foreach (var (tokens, rate) in s_libtorch)
        {
            yield return new($"prefill to libtorch, bench, BF16, {tokens} tokens; theirs on another machine ({rate} tokens/s)", 1.5, false,
                FigureUnit.Ratio, "prefill-bench",
                set => Rate(set, tokens) / rate);
            yield return new(
                $"the same with both as a share of their machine's limit, {tokens} tokens", 1.5, false, FigureUnit.Ratio, "prefill-bench",
                set => Rate(set, tokens) / rate * LibtorchLimitGflops / set.Number("prefill-bench", "limit_gflops"));
        }

        static double? Rate(ResultSet set, int tokens) =>
            set.Row("prefill-bench", Results, $"attn_cp=1,prompt_tokens={tokens}", "tokens_per_second");
    }

    private static IEnumerable<Figure> Decode()
    {
        yield return new("decode, q4, 1 stream, share of memory bandwidth", 0.85, false, FigureUnit.Share, "decode-q4",
            set => set.Row("decode-q4", Results, "depth=512,streams=1", "share_of_bandwidth"));
        foreach (var (type, name) in new[] { ("BF16", "peers-q4-bf16"), ("Q8_0", "peers-q4-q8") })
        {
            yield return Peer($"decode to llama.cpp, q4, {type}, depth 512", name, "decode", 512, 1.1);
            yield return Peer($"decode to llama.cpp, q4, {type}, depth 8192", $"{name}-8192", "decode", 8192, 1.1);
        }

        yield return new("decode, q4, 16 streams together, tokens/s against 1", 1.9, false, FigureUnit.Ratio, "decode-q4",
            set => set.Row("decode-q4", Results, "depth=512,streams=16", "tokens_per_second")
                / set.Row("decode-q4", Results, "depth=512,streams=1", "tokens_per_second"));
        yield return new("step overhead outside kernels, decode, demo model", 150, true, FigureUnit.Microseconds, "decode-demo",
            set => 1e3 * set.Row("decode-demo", Results, "attn_cp=1,streams=1", "overhead_ms"));
        yield return new(
            "managed bytes of a step beyond Dataflow's own (27 hops), demo model", 0, true, FigureUnit.Bytes, "decode-demo, hop",
            set => set.Row("decode-demo", Results, "attn_cp=1,streams=1", "managed_bytes_per_step")
                - (27 * set.Number("hop", "bytes_per_hop")));
    }

    private static IEnumerable<Figure> Cp()
    {
        yield return new(
            "CP 2 ranks × 1 thread against 1 rank × 1 thread, q4, 4096 tokens", 1.93, false, FigureUnit.Ratio, "prefill-q4-1thread",
            set => Speedup(set, "prefill-q4-1thread", 4096));
        yield return new("CP 2 ranks × 1 thread against 1 rank × 2 threads, q4, 4096 tokens", 0.98, false, FigureUnit.Ratio, "prefill-q4",
            set => Speedup(set, "prefill-q4", 4096));
        yield return new("activations of a rank, CP 2 against CP 1, q4, 16384 tokens", 0.55, true, FigureUnit.Ratio, "prefill-q4-long",
            set => set.Row("prefill-q4-long", Results, "attn_cp=2,prompt_tokens=16384", "peak_activation_bytes")
                / set.Row("prefill-q4-long", Results, "attn_cp=1,prompt_tokens=16384", "peak_activation_bytes"));

        static double? Speedup(ResultSet set, string name, int tokens) =>
            set.Row(name, Results, $"attn_cp=2,prompt_tokens={tokens}", "tokens_per_second")
                / set.Row(name, Results, $"attn_cp=1,prompt_tokens={tokens}", "tokens_per_second");
    }

    private static IEnumerable<Figure> Memory()
    {
        yield return new(
            "peak resident bytes against weights + KV + activations, q4, 4096 tokens", 1.15, true, FigureUnit.Ratio, "memory-q4",
            set => set.Number("memory-q4", "peak_resident_bytes")
                / (set.Number("memory-q4", "weight_bytes") + set.Number("memory-q4", "kv_bytes")
                    + set.Number("memory-q4", "activation_bytes")));
        yield return new(
            "loading q4 (6.2 GB, BF16), file cache warm, against reading the files into memory", 1.5, true, FigureUnit.Ratio, "load-q4",
            set => set.Number("load-q4", "load_seconds") / set.Number("load-q4", "read_and_keep_seconds"));
        yield return new("the same against reading them into a block that is used again", 1.5, true, FigureUnit.Ratio, "load-q4",
            set => set.Number("load-q4", "load_seconds") / set.Number("load-q4", "read_seconds"));
    }

    private static IEnumerable<Figure> Starts()
    {
        foreach (var build in new[] { "published", "built" })
        {
            yield return new($"default demo answer, process start to first token, {build}", 700, true, FigureUnit.Milliseconds, "start",
                set => set.Row("start", Results, $"build={build}", "first_token_ms"));
        }
    }

    private static Figure Peer(string name, string source, string kind, int tokens, double asked) =>
        new(name, asked, false, FigureUnit.Ratio, source, set => set.Row(source, Results, $"kind={kind},tokens={tokens}", "ratio"));
}
