using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cache;

public sealed class IndexSelectTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Fact]
    public void EveryWidthUpTo257_CopiesTheNamedRows()
    {
        var rng = new Rng(61);
        for (var c = 0; c <= 257; c++)
        {
            var values = rng.Floats(5 * c);
            int[] index = [4, 0, 0, 3];
            using var x = new FencedTensor(_device.Memory, DType.F32, [5, c], gap: 2).Write(values);
            using var y = new FencedTensor(_device.Memory, DType.F32, [4, c], gap: 1);
            _device.IndexSelect(x, index, y);
            y.AssertFence();
            Assert.Equal(index.SelectMany(i => values[(i * c)..((i + 1) * c)]), y.Read());
        }
    }

    [Fact]
    public void BFloat16Rows_AreWidenedIntoF32_AndCopiedIntoBF16()
    {
        using var x = new FencedTensor(_device.Memory, DType.BF16, [3, 19], gap: 5);
        for (var row = 0; row < 3; row++)
        {
            for (var j = 0; j < 19; j++)
                x.View.RowBF16(row)[j] = (ushort)((row * 7919) + (j * 104729));
        }

        using var wide = new FencedTensor(_device.Memory, DType.F32, [2, 19]);
        using var narrow = new FencedTensor(_device.Memory, DType.BF16, [2, 19]);
        _device.IndexSelect(x, [2, 1], wide);
        _device.IndexSelect(x, [2, 1], narrow);
        for (var j = 0; j < 19; j++)
        {
            Assert.Equal((uint)x.View.RowBF16(2)[j] << 16, BitConverter.SingleToUInt32Bits(wide.View.RowF32(0)[j]));
            Assert.Equal(x.View.RowBF16(1)[j], narrow.View.RowBF16(1)[j]);
        }
    }

    [Fact]
    public void Mistakes_AreRefused()
    {
        using var x = new FencedTensor(_device.Memory, DType.F32, [3, 4]);
        using var y = new FencedTensor(_device.Memory, DType.F32, [2, 4]);
        using var narrow = new FencedTensor(_device.Memory, DType.BF16, [2, 4]);
        AssertRefused("index", () => _device.IndexSelect(x, [0, 3], y));
        AssertRefused("index", () => _device.IndexSelect(x, [-1, 0], y));
        AssertRefused("out", () => _device.IndexSelect(x, [0], y));
        AssertRefused("out", () => _device.IndexSelect(x, [0, 1], narrow));
        AssertRefused("out", () => _device.IndexSelect(x, [0, 1], x.View.Slice(0, 2)));
        y.AssertFence();
    }

    private static void AssertRefused(string argument, Action call) =>
        Assert.Equal(argument, Assert.Throws<NpuShapeException>(call).Argument);
}
