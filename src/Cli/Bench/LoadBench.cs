using System.Diagnostics;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using Microsoft.Win32.SafeHandles;

namespace AkkaCp.Cli.Bench;

/// <summary>
/// Times loading a model's weights, and merely reading the same files, in turns (A B A B); the first round fills the file cache and does
/// not count. Files are read by as many threads as load, block by block, twice: into one block that is used again (what the copy out of
/// the file cache costs), and into memory of the files' size (what any reader that keeps the bytes pays).
/// </summary>
/// <param name="directory">HF directory, or GGUF file.</param>
/// <param name="types">Types of the weights in memory.</param>
/// <param name="rounds">Runs that count.</param>
internal sealed class LoadBench(string directory, MatrixTypes types, int rounds)
{
    private const int BlockBytes = 4 << 20;

    private readonly int _threads = Environment.ProcessorCount;

    /// <summary>Measures; tells the median run of each.</summary>
    public LoadResult Run(Action<string> progress)
    {
        var files = FilesOf(directory);
        var runs = new List<LoadResult>();
        for (var round = 0; round <= rounds; round++)
        {
            progress(round == 0 ? "warming up" : $"round {round} of {rounds}");
            var (load, weightBytes) = Load();
            var run = new LoadResult
            {
                FileBytes = files.Sum(file => new FileInfo(file).Length),
                WeightBytes = weightBytes,
                Threads = _threads,
                LoadSeconds = load,
                ReadSeconds = Seconds(() => Read(files, keep: false)),
                ReadAndKeepSeconds = Seconds(() => Read(files, keep: true)),
            };
            if (round > 0)
                runs.Add(run);
        }

        return runs[0] with
        {
            LoadSeconds = Median(runs, run => run.LoadSeconds),
            ReadSeconds = Median(runs, run => run.ReadSeconds),
            ReadAndKeepSeconds = Median(runs, run => run.ReadAndKeepSeconds),
        };
    }

    private static string[] FilesOf(string directory)
    {
        using var weights = WeightFiles.Open(directory);
        return [.. weights.Tensors.Select(tensor => tensor.File).Distinct()];
    }

    private (double Seconds, long Bytes) Load()
    {
        var config = ModelConfig.Load(ModelFiles.Of(directory));
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var store = new WeightStore();
        var start = Stopwatch.GetTimestamp();
        using var weights = ModelLoader.Load(directory, config, new RankTopology(1).ShardOf(0), device, types, store);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, weights.Bytes);
    }

    private void Read(string[] files, bool keep)
    {
        foreach (var file in files)
        {
            using var handle = File.OpenHandle(file);
            var length = RandomAccess.GetLength(handle);
            using var pool = new TensorPool();
            var blocks = (int)((length + BlockBytes - 1) / BlockBytes);
            using var memory = pool.Rent(DType.BF16, keep ? blocks : _threads, BlockBytes / DType.BF16.Bytes());
            var next = -1L;
            Parallel.For(0, _threads, thread =>
            {
                for (long block; (block = Interlocked.Increment(ref next)) * BlockBytes < length;)
                {
                    var bytes = (int)Math.Min(BlockBytes, length - (block * BlockBytes));
                    using var place = memory.View.Slice(keep ? (int)block : thread, 1).MapWrite();
                    ReadBlock(handle, block * BlockBytes, place.Bytes[..bytes]);
                }
            });
        }
    }

    private static void ReadBlock(SafeFileHandle handle, long position, Span<byte> block)
    {
        while (!block.IsEmpty)
        {
            var read = RandomAccess.Read(handle, block, position);
            block = block[read..];
            position += read;
        }
    }

    private static double Seconds(Action run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<LoadResult> runs, Func<LoadResult, double> figure) =>
        runs.Select(figure).Order().ElementAt(runs.Count / 2);
}

/// <summary>The median times of loading and of reading, with a warm file cache.</summary>
internal sealed record LoadResult
{
    /// <summary>Bytes of all safetensors files.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of the weights in memory.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Threads that load, and that read.</summary>
    public required int Threads { get; init; }

    /// <summary>From the open directory to packed weights.</summary>
    public required double LoadSeconds { get; init; }

    /// <summary>Reading every byte into a block that is used again.</summary>
    public required double ReadSeconds { get; init; }

    /// <summary>Reading every byte into memory that is as large as the files.</summary>
    public required double ReadAndKeepSeconds { get; init; }
}
