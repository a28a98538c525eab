using AkkaCp.Model.Weights;

namespace AkkaCp.Engine.Ranks;

/// <summary>Adds the loading of all ranks up for whoever watches the engine.</summary>
internal sealed class LoadProgressSum(IProgress<LoadProgress> watcher, IReadOnlyList<long> bytesOfRanks)
{
    private readonly Lock _gate = new();
    private readonly long[] _done = new long[bytesOfRanks.Count];
    private readonly long _total = bytesOfRanks.Sum();

    /// <summary>Where one rank reports to.</summary>
    public IProgress<LoadProgress> Of(int rank) => new RankProgress(this, rank);

    private void Report(int rank, LoadProgress progress)
    {
        lock (_gate)
        {
            _done[rank] = progress.BytesDone;
            watcher.Report(new LoadProgress(_done.Sum(), _total, progress.Tensor));
        }
    }

    private sealed class RankProgress(LoadProgressSum sum, int rank) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => sum.Report(rank, value);
    }
}
