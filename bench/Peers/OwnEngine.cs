using AkkaCp.Cli.Bench;
using AkkaCp.Collectives.Topology;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Bench.Peers;

/// <summary>Our ranks with the same model: one rank with all threads, prompts in chunks of 2048 as the engine's default.</summary>
internal sealed class OwnEngine : IAsyncDisposable
{
    private const int Chunk = 2048;

    private readonly BenchRanks _ranks;
    private readonly BenchPlans _plans = new(1, new CpPolicySettings());
    private long _request;
    private int _token;

    private OwnEngine(BenchRanks ranks) => _ranks = ranks;

    /// <summary>Loads the weights.</summary>
    public static async Task<OwnEngine> LoadAsync(BenchModel model, int threads, int contextTokens) => new(
        await BenchRanks.LoadAsync(model, new BenchLayout(new RankTopology(1), threads), contextTokens, streams: 1).ConfigureAwait(false));

    /// <summary>Forgets the last prompt and runs a new one.</summary>
    /// <returns>The most probable next token.</returns>
    public async Task<int> PrefillAsync(int[] tokens)
    {
        if (_request != 0)
            _plans.Release(_request);
        (_request, var steps) = _plans.Prefill(tokens, Chunk);
        Task<IReadOnlyDictionary<long, int>>? last = null;
        foreach (var step in steps)
            last = await _ranks.SendAsync(step).ConfigureAwait(false);
        return _token = (await last!.ConfigureAwait(false))[_request];
    }

    /// <summary>Runs one decode step behind the last one.</summary>
    public async Task DecodeAsync() =>
        _token = (await _ranks.RunAsync(_plans.Decode([new(_request, _token)])).ConfigureAwait(false))[_request];

    public ValueTask DisposeAsync() => _ranks.DisposeAsync();
}
