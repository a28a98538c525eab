using AkkaCp.Npu.Cpu.Threads;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Run_ManyTimes_DoesEveryItemOnceOnAKnownWorker(int threads)
    {
        using var pool = new WorkerPool(threads);
        var done = new int[97];
        for (var round = 1; round <= 300; round++)
        {
            pool.Run(round % 98, new Count(done, threads));
            Assert.All(done[..(round % 98)], times => Assert.Equal(1, times));
            Array.Clear(done);
        }
    }

    [Fact]
    public void Run_AllocatesNothing()
    {
        using var pool = new WorkerPool(3);
        var done = new int[64];
        pool.Run(64, new Count(done, 3));

        Assert.Equal(0, Allocated.ByQuietest(() =>
        {
            for (var i = 0; i < 100; i++)
                pool.Run(64, new Count(done, 3));
        }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Item_ThatThrows_ThrowsFromRunAndThePoolGoesOn(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (var round = 0; round < 50; round++)
        {
            var error = Assert.Throws<ArithmeticException>(() => pool.Run(20, new ThrowAt(round % 20)));
            Assert.Equal($"item {round % 20}", error.Message);
        }

        var done = new int[10];
        pool.Run(10, new Count(done, threads));
        Assert.Equal(10, done.Sum());
    }

    [Fact]
    public void Run_FromSeveralThreads_TakesTurns()
    {
        using var pool = new WorkerPool(2);
        var inside = new int[1];
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                pool.Run(8, new Count(new int[8], 2));
                Interlocked.Increment(ref inside[0]);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(30))));
        Assert.Equal(400, inside[0]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 8)]
    public void Run_InsideAnItem_IsRefusedRatherThanStuck(int threads, int items)
    {
        using var pool = new WorkerPool(threads);
        Assert.Throws<InvalidOperationException>(() => pool.Run(items, new Nested(pool)));
    }

    [Fact]
    public void Dispose_Twice_EndsTheHelpersAndRefusesWork()
    {
        var pool = new WorkerPool(3);
        pool.Run(8, new Count(new int[8], 3));
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Run(1, new Count(new int[1], 3)));
    }

    [Fact]
    public void Pool_WithCores_RunsOnThem()
    {
        using var pool = new WorkerPool(2, "pinned", [0]);
        var done = new int[16];
        pool.Run(16, new Count(done, 2));
        Assert.Equal(16, done.Sum());
    }

    [Fact]
    public void TryPin_OfAProcessorThatDoesNotExist_SaysNo()
    {
        Assert.False(ThreadAffinity.TryPin(1023));
        Assert.False(ThreadAffinity.TryPin(5000));
    }

    private readonly struct Count(int[] done, int threads) : IWork
    {
        public void Execute(int item, int worker)
        {
            if (worker < 0 || worker >= threads)
                throw new InvalidOperationException($"worker {worker} of {threads}");

            Interlocked.Increment(ref done[item]);
        }
    }

    private readonly struct ThrowAt(int bad) : IWork
    {
        public void Execute(int item, int worker)
        {
            if (item == bad)
                throw new ArithmeticException($"item {item}");
        }
    }

    private readonly struct Nested(WorkerPool pool) : IWork
    {
        public void Execute(int item, int worker) => pool.Run(1, new ThrowAt(-1));
    }
}
