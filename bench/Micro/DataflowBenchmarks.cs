using System.Threading.Tasks.Dataflow;
using AkkaCp.Npu.Cpu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>
/// What a hop between two Dataflow blocks costs, with the options of a rank's pipeline: on a device's own thread, bounded to two, in order,
/// one at a time. A message goes through 27 blocks, as many as a rank of four layers has, and the next one follows when it is out.
/// </summary>
public class DataflowBenchmarks : IDisposable
{
    private const int Hops = 27;
    private CpuDevice _device = null!;
    private TransformBlock<object, object> _head = null!;
    private TransformBlock<object, object> _tail = null!;

    /// <summary>Links the chain.</summary>
    [GlobalSetup]
    public void Open()
    {
        _device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        var options = new ExecutionDataflowBlockOptions
        {
            BoundedCapacity = 2,
            EnsureOrdered = true,
            SingleProducerConstrained = true,
            TaskScheduler = _device.Stream,
        };
        TransformBlock<object, object> Block() => new(message => message, options);
        var block = Block();
        _head = block;
        for (var i = 1; i < Hops; i++)
        {
            var next = Block();
            block.LinkTo(next);
            block = next;
        }

        _tail = block;
    }

    /// <summary>Ends it.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _head.Complete();
        _device.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Hops)]
    public async Task Hop()
    {
        await _head.SendAsync(_head).ConfigureAwait(false);
        await _tail.ReceiveAsync().ConfigureAwait(false);
    }
}
