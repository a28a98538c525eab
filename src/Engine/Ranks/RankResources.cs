using AkkaCp.Engine.Composition;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline.Kv;

namespace AkkaCp.Engine.Ranks;

/// <summary>What one rank owns whatever becomes of its pipeline: device, weights, KV memory.</summary>
internal sealed class RankResources : IDisposable
{
    private RankResources(INpuDevice device, ModelWeights weights, KvPool kv)
    {
        Device = device;
        Weights = weights;
        Kv = kv;
    }

    /// <summary>Where the rank computes.</summary>
    public INpuDevice Device { get; }

    /// <summary>Its part of the model.</summary>
    public ModelWeights Weights { get; }

    /// <summary>Its paged K and V.</summary>
    public KvPool Kv { get; }

    /// <summary>Starts devices, and loads on the devices' own threads, so that memory lies where it is used.</summary>
    /// <param name="spec">What the engine is made of.</param>
    /// <param name="ranks">Each rank and its place in this process, which chooses its processors.</param>
    /// <param name="store">Holds what several ranks share.</param>
    /// <param name="progress">Told how far all of them are together.</param>
    /// <param name="cancellationToken">Ends the loading; what was loaded is freed.</param>
    public static async Task<RankResources[]> LoadAsync(
        EngineSpec spec, IReadOnlyList<(int Rank, int Place)> ranks, WeightStore store, IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken)
    {
        var sum = progress is null ? null : new LoadProgressSum(
            progress, [.. ranks.Select(one => WeightBytes.Estimate(spec.Model, spec.Shards[one.Rank], spec.Types))]);
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loads = ranks.Select((one, index) => LoadAsync(spec, one, store, sum?.Of(index), failing)).ToArray();
        try
        {
            return await Task.WhenAll(loads).ConfigureAwait(false);
        }
        catch
        {
            foreach (var load in loads.Where(load => load.IsCompletedSuccessfully))
                (await load.ConfigureAwait(false)).Dispose();
            // The first failure, not the cancellation that it brought on the other ranks.
            foreach (var load in loads.Where(load => load.IsFaulted))
                await load.ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Gives everything back, the device first: a stage that outlived its pipeline's time to end still reads the rest.</summary>
    public void Dispose()
    {
        Device.Dispose();
        Kv.Dispose();
        Weights.Dispose();
    }

    private static async Task<RankResources> LoadAsync(
        EngineSpec spec, (int Rank, int Place) one, WeightStore store, IProgress<LoadProgress>? progress, CancellationTokenSource failing)
    {
        CpuDevice? device = null;
        try
        {
            device = new CpuDevice(new CpuDeviceOptions
            {
                Name = $"rank{one.Rank}",
                Threads = spec.ThreadsPerRank,
                Cores = spec.CoresOf(one.Place),
                Resources = spec.Resources,
            });
            // What follows must leave the device's thread: it starts actors, runs the caller, or disposes the device.
            return await Task.Factory.StartNew(
                () => Load(spec, one.Rank, device, store, progress, failing.Token),
                failing.Token, TaskCreationOptions.RunContinuationsAsynchronously, device.Stream).ConfigureAwait(false);
        }
        catch
        {
            await failing.CancelAsync().ConfigureAwait(false);
            device?.Dispose();
            throw;
        }
    }

    private static RankResources Load(
        EngineSpec spec, int rank, CpuDevice device, WeightStore store, IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken)
    {
        var weights = ModelLoader.Load(
            spec.ModelPath, spec.Model, spec.Shards[rank], device, spec.Types, store, progress, cancellationToken);
        try
        {
            return new RankResources(device, weights, new KvPool(device.Memory, spec.KvShapeOf(rank)));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
