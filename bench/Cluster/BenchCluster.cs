using AkkaCp.Engine;

namespace AkkaCp.Bench.Cluster;

/// <summary>Two nodes, and a client outside that uses them.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    // Below the range from which the system gives ports to whoever asks for any.
    private static readonly int[] s_ports = [20410, 20411];

    private BenchCluster(IReadOnlyList<NodeProcess> nodes, InferenceEngine engine) => (Nodes, Engine) = (nodes, engine);

    public IReadOnlyList<NodeProcess> Nodes { get; }

    public InferenceEngine Engine { get; }

    /// <summary>What nodes and client have in common.</summary>
    public static EngineOptions Options(string model) => new()
    {
        ModelPath = model,
        AttnCp = 2,
        Overrides = new Dictionary<string, string>
        {
            ["akka-cp.cluster.seeds"] = $"[{string.Join(", ", s_ports.Select(port => $"127.0.0.1:{port}"))}]",
            ["akka-cp.cluster.wait-for-nodes"] = "30s",
        },
    };

    /// <summary>Returns when the nodes have answered a request.</summary>
    public static async Task<BenchCluster> StartAsync(string model)
    {
        var engine = await InferenceEngine.StartAsync(Options(model));
        var cluster = new BenchCluster([.. s_ports.Select(port => NodeProcess.Start(model, port))], engine);
        await cluster.GenerateAsync(seed: 0, prompt: 8, tokens: 200);
        return cluster;
    }

    /// <summary>One request of random tokens.</summary>
    public async Task GenerateAsync(int seed, int prompt, int tokens)
    {
        var random = new Random(seed);
        var request = new GenerationRequest
        {
            Tokens = [.. Enumerable.Range(0, prompt).Select(_ => random.Next(Engine.VocabSize))],
            MaxTokens = tokens,
            IgnoreEos = true,
            Sampling = new SamplingOverrides { Temperature = 1, Seed = (ulong)seed },
        };
        await foreach (var chunk in Engine.GenerateAsync(request))
            _ = chunk;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        foreach (var node in Nodes)
            node.Dispose();
    }
}
