namespace AkkaCp.Serving.Bench;

/// <summary>The layouts of a run, all loaded at once so that they can take turns.</summary>
internal sealed class BenchLayouts : IAsyncDisposable
{
    private readonly List<BenchRanks> _ranks = [];

    /// <summary>In the order they were loaded.</summary>
    public IReadOnlyList<BenchRanks> Ranks => _ranks;

    /// <summary>Takes one over.</summary>
    public void Add(BenchRanks ranks) => _ranks.Add(ranks);

    public async ValueTask DisposeAsync()
    {
        foreach (var ranks in _ranks)
            await ranks.DisposeAsync().ConfigureAwait(false);
    }
}
