using AkkaCp.Collectives;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Cli.Bench;

/// <summary>One rank under measurement: device, weights, KV memory, pipeline, clock.</summary>
internal sealed class BenchRank : IAsyncDisposable
{
    /// <summary>Steps inside at once, as the engine's default.</summary>
    private const int StepsInside = 2;

    private readonly CpuDevice _device;
    private readonly ModelWeights _weights;
    private readonly KvPool _kv;
    private readonly long _restingBytes;

    private BenchRank(BenchModel model, BenchLayout layout, int rank, CpuDevice device, int kvBlocks)
    {
        _device = device;
        var shard = layout.Topology.ShardOf(rank);
        _weights = ModelLoader.Load(model.Directory, model.Config, shard, device, model.Types, model.Weights);
        _kv = new KvPool(device.Memory, new KvPoolShape
        {
            Layers = model.Config.NumHiddenLayers,
            Blocks = kvBlocks,
            BlockSize = BenchPlans.BlockSize,
            Row = KvRow.Of(model.Config, shard),
            DType = model.KvDType,
        });
        _restingBytes = device.Memory.BytesNow;
    }

    /// <summary>Time by stage.</summary>
    public StageClock Clock { get; } = new();

    /// <summary>Plans go in here.</summary>
    public RankPipeline Pipeline { get; private set; } = null!;

    /// <summary>Bytes of the steps' tensors at their most since the last <see cref="Reset"/>: weights and KV left out.</summary>
    public long PeakActivationBytes => _device.Memory.BytesPeak - _restingBytes;

    /// <summary>Bytes of the rank's KV pool.</summary>
    public long KvBytes => _restingBytes;

    /// <summary>Loads on the device's own thread, so that memory lies where it is used.</summary>
    public static async Task<BenchRank> LoadAsync(BenchModel model, BenchLayout layout, int rank, int kvBlocks)
    {
        var device = new CpuDevice(new CpuDeviceOptions { Name = $"rank{rank}", Threads = layout.Threads, Cores = layout.CoresOf(rank) });
        try
        {
            return await Task.Factory.StartNew(
                () => new BenchRank(model, layout, rank, device, kvBlocks), CancellationToken.None,
                TaskCreationOptions.RunContinuationsAsynchronously, device.Stream).ConfigureAwait(false);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Builds the pipeline when all ranks have loaded.</summary>
    public void Open(BenchLayout layout, int rank, IRankMesh mesh, RotaryEmbedding rope, Action<StepResult> deliver) =>
        Pipeline = new RankPipeline(
            new RankSetup
            {
                Rank = rank,
                Topology = layout.Topology,
                Device = _device,
                Weights = _weights,
                Rope = rope,
                Kv = _kv,
                Groups = mesh.GroupsOf(rank),
                StepsInside = StepsInside,
                Clock = Clock,
            },
            deliver);

    /// <summary>Starts a new measurement; no step may be inside.</summary>
    public void Reset()
    {
        Clock.Reset();
        _device.Memory.ResetPeak();
    }

    public async ValueTask DisposeAsync()
    {
        if (Pipeline is not null)
            await Pipeline.DisposeAsync().ConfigureAwait(false);
        _kv.Dispose();
        _weights.Dispose();
        _device.Dispose();
    }
}
