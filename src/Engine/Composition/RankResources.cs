using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline.Kv;

namespace AkkaCp.Engine.Composition;

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

    /// <summary>Starts all devices, and loads on the devices' own threads, so that memory lies where it is used.</summary>
    public static async Task<RankResources[]> LoadAllAsync(
        EnginePlan plan, WeightStore store, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        var sum = progress is null ? null : new LoadProgressSum(
            progress, [.. plan.Shards.Select(shard => WeightBytes.Estimate(plan.Model, shard, plan.DType))]);
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loads = plan.Shards.Select((_, rank) => LoadAsync(plan, rank, store, sum?.Of(rank), failing)).ToArray();
        try
        {
            return await Task.WhenAll(loads).ConfigureAwait(false);
        }
        catch
        {
            foreach (var load in loads.Where(load => load.IsCompletedSuccessfully))
                (await load.ConfigureAwait(false)).Dispose();
            store.Dispose();
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
        EnginePlan plan, int rank, WeightStore store, IProgress<LoadProgress>? progress, CancellationTokenSource failing)
    {
        var device = new CpuDevice(new CpuDeviceOptions
        {
            Name = $"rank{rank}",
            Threads = plan.ThreadsPerRank,
            Cores = plan.CoresOf(rank),
        });
        try
        {
            // What follows must leave the device's thread: it starts actors, runs the caller, or disposes the device.
            return await Task.Factory.StartNew(
                () => Load(plan, rank, device, store, progress, failing.Token),
                failing.Token, TaskCreationOptions.RunContinuationsAsynchronously, device.Stream).ConfigureAwait(false);
        }
        catch
        {
            await failing.CancelAsync().ConfigureAwait(false);
            device.Dispose();
            throw;
        }
    }

    private static RankResources Load(
        EnginePlan plan, int rank, CpuDevice device, WeightStore store, IProgress<LoadProgress>? progress,
        CancellationToken cancellationToken)
    {
        var weights = ModelLoader.Load(
            plan.Directory, plan.Model, plan.Shards[rank], device, plan.DType, store, progress, cancellationToken);
        try
        {
            return new RankResources(device, weights, new KvPool(device.Memory, plan.KvShapeOf(rank)));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
