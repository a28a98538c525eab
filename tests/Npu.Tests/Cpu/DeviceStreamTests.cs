using System.Threading.Tasks.Dataflow;
using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Cpu.Threads;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

public sealed class DeviceStreamTests
{
    [Fact]
    public async Task Tasks_RunInOrderOnTheOneNamedThread()
    {
        using var stream = new DeviceStream("npu-7/0");
        var order = new List<int>();
        var tasks = Enumerable.Range(0, 200).Select(i => Start(stream, () =>
        {
            Assert.Equal("npu-7/0", Thread.CurrentThread.Name);
            order.Add(i);
        })).ToArray();
        await Task.WhenAll(tasks);
        Assert.Equal(Enumerable.Range(0, 200), order);
    }

    [Fact]
    public async Task Awaits_OfATaskOnTheStream_ContinueThere()
    {
        using var stream = new DeviceStream("s");
        await Task.Factory.StartNew(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.True(stream.IsCurrentThread);
                await Task.Yield();
            }

            Assert.True(stream.IsCurrentThread);
        }, CancellationToken.None, TaskCreationOptions.None, stream).Unwrap();
    }

    [Fact]
    public async Task DataflowBlock_OnTheStream_RunsThereInOrder()
    {
        using var stream = new DeviceStream("s");
        var block = new TransformBlock<int, bool>(_ => stream.IsCurrentThread,
            new ExecutionDataflowBlockOptions { TaskScheduler = stream, BoundedCapacity = 4 });
        for (var i = 0; i < 50; i++)
        {
            Assert.True(await block.SendAsync(i));
            Assert.True(await block.ReceiveAsync());
        }
    }

    [Fact]
    public async Task Task_ThatThrows_LeavesTheThreadAlive()
    {
        using var stream = new DeviceStream("s");
        await Assert.ThrowsAsync<ArithmeticException>(() => Start(stream, () => throw new ArithmeticException()));
        await Start(stream, () => { });
    }

    [Fact]
    public async Task Wait_OnTheStreamForItsOwnTask_RunsItInline()
    {
        using var stream = new DeviceStream("s");
        await Start(stream, () => Start(stream, () => { }).Wait()).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Start_FromAnotherThread_IsNeverInlined()
    {
        using var stream = new DeviceStream("s");
        var task = new Task(() => Assert.True(stream.IsCurrentThread));
        task.RunSynchronously(stream);
        Assert.True(task.IsCompletedSuccessfully);
    }

    [Fact]
    public void Dispose_WithTasksWaiting_RunsThemFirst()
    {
        var stream = new DeviceStream("s");
        using var gate = new ManualResetEventSlim();
        var done = 0;
        var first = Start(stream, gate.Wait);
        var waiting = Enumerable.Range(0, 50).Select(_ => Start(stream, () =>
        {
            done++;
            Start(stream, () => done++);
        })).ToArray();
        gate.Set();
        stream.Dispose();
        Assert.Equal(100, done);
        Assert.All([first, .. waiting], task => Assert.True(task.IsCompletedSuccessfully));
        Action late = () => _ = Start(stream, () => { });
        Assert.Throws<TaskSchedulerException>(late);
    }

    [Fact]
    public async Task Device_DisposedFromItsOwnStream_IsRefused()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        await Assert.ThrowsAsync<InvalidOperationException>(() => Start(device.Stream, device.Dispose));
    }

    private static Task Start(TaskScheduler stream, Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.None, stream);
}
