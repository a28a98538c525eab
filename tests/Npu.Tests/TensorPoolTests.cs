using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests;

public sealed unsafe class TensorPoolTests
{
    [Fact]
    public void Rent_OfAnySize_IsAlignedTo64Bytes()
    {
        using var pool = new TensorPool();
        var tensors = Enumerable.Range(0, 200).Select(n => pool.Rent(n % 2 == 0 ? DType.F32 : DType.BF16, n * 7)).ToArray();
        Assert.All(tensors, tensor => Assert.Equal(0, (nint)tensor.View.Data % TensorPool.Alignment));
        Array.ForEach(tensors, tensor => tensor.Dispose());
        Assert.Equal(0, pool.BytesNow);
    }

    [Fact]
    public void Rent_AfterDisposeOfTheSameSize_ReusesTheMemory()
    {
        using var pool = new TensorPool();
        var first = pool.Rent(DType.F32, 100, 10);
        var address = (nint)first.View.Data;
        first.Dispose();
        var reserved = pool.BytesReserved;
        using var second = pool.Rent(DType.F32, 10, 100);
        Assert.Equal(address, (nint)second.View.Data);
        Assert.Equal(reserved, pool.BytesReserved);
    }

    [Fact]
    public void Counters_WhileTensorsComeAndGo_ShowNowAndPeak()
    {
        using var pool = new TensorPool();
        var a = pool.Rent(DType.F32, 1024);
        var b = pool.Rent(DType.BF16, 1024);
        Assert.Equal(4096 + 2048, pool.BytesNow);
        a.Dispose();
        Assert.Equal(2048, pool.BytesNow);
        Assert.Equal(4096 + 2048, pool.BytesPeak);
        pool.ResetPeak();
        Assert.Equal(2048, pool.BytesPeak);
        b.Dispose();
    }

    [Fact]
    public void Rent_OfOddSizes_WastesAtMostAnEighth()
    {
        using var pool = new TensorPool();
        for (var n = 1000; n < 100_000; n += 977)
        {
            using var tensor = pool.Rent(DType.F32, n);
            Assert.InRange(pool.BytesNow, n * 4L, (n * 4L * 9 / 8) + TensorPool.Alignment);
        }
    }

    [Fact]
    public void DescribeLive_NamesTypeAndShapeOfALeak()
    {
        using var pool = new TensorPool();
        using var leak = pool.Rent(DType.BF16, 3, 4, 5);
        Assert.Equal(["BF16[3, 4, 5]"], pool.DescribeLive());
        Assert.Equal(1, pool.LiveTensors);
    }

    [Fact]
    public void Dispose_Twice_GivesTheMemoryBackOnce()
    {
        using var pool = new TensorPool();
        var tensor = pool.Rent(DType.F32, 16);
        tensor.Dispose();
        tensor.Dispose();
        Assert.Equal(0, pool.BytesNow);
        using var a = pool.Rent(DType.F32, 16);
        using var b = pool.Rent(DType.F32, 16);
        Assert.NotEqual((nint)a.View.Data, (nint)b.View.Data);
        Assert.Throws<ObjectDisposedException>(() => tensor.View);
    }

    [Fact]
    public void Pool_WhenClosed_RefusesNewTensorsAndFreesTheLastOnes()
    {
        var pool = new TensorPool();
        var late = pool.Rent(DType.F32, 64);
        pool.Rent(DType.F32, 64).Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Rent(DType.F32, 1));
        late.View.SpanF32().Fill(1f);
        late.Dispose();
        Assert.Equal(0, pool.BytesReserved);
    }

    [Fact]
    public void HandleOfADisposedTensor_IsRefused_AlsoWhenItsMemoryServesAnother()
    {
        using var pool = new TensorPool();
        var first = pool.Rent(DType.F32, 16);
        var copy = first;
        first.Dispose();
        using var second = pool.Rent(DType.F32, 4, 4);
        second.View.SpanF32().Fill(3f);

        Assert.Throws<ObjectDisposedException>(() => first.View);
        Assert.Throws<ObjectDisposedException>(() => copy.View);
        copy.Dispose();
        Assert.Equal(1, pool.LiveTensors);
        Assert.Equal("F32[4, 4]", second.ToString());
        Assert.NotEqual(first, second);
        using var third = pool.Rent(DType.F32, 16);
        Assert.NotEqual((nint)second.View.Data, (nint)third.View.Data);
    }

    [Fact]
    public void DefaultHandle_HasNoMemory_AndDisposesNothing()
    {
        var none = default(Tensor);
        none.Dispose();
        Assert.Throws<ObjectDisposedException>(() => none.View);
    }

    [Fact]
    public void ThreadsThatDisposeCopies_GiveTheMemoryBackOnce()
    {
        using var pool = new TensorPool();
        for (var round = 0; round < 200; round++)
        {
            var tensor = pool.Rent(DType.F32, 16);
            Parallel.For(0, 4, _ => tensor.Dispose());
            using var a = pool.Rent(DType.F32, 16);
            using var b = pool.Rent(DType.F32, 16);
            Assert.Equal(2, pool.LiveTensors);
            Assert.NotEqual((nint)a.View.Data, (nint)b.View.Data);
        }
    }

    [Fact]
    public void RentAndDispose_OfSizesSeenBefore_AllocateNoManagedMemory()
    {
        using var pool = new TensorPool();
        Assert.Equal(0, Allocated.ByQuietest(() =>
        {
            for (var n = 1; n < 50; n++)
            {
                using var tensor = pool.Rent(DType.F32, n, 64);
            }
        }));
    }
}
