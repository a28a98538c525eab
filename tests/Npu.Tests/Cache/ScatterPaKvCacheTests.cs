using AkkaCp.Npu.Cpu;
using AkkaCp.Npu.Tests.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cache;

public sealed class ScatterPaKvCacheTests : IDisposable
{
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void RowsOfAMergedBuffer_GoToTheirSlots(DType cacheType)
    {
        // K‖V rows as a gather leaves them: 2 heads of 20, then 2 heads of 20.
        var rows = new Rng(51).Floats(200 * 80, 1e3f);
        int[] slots = [.. Enumerable.Range(0, 200).Select(t => t % 9 == 4 ? -1 : (t * 37) % 256)];
        using var merged = new FencedTensor(_device.Memory, DType.F32, [200, 80]).Write(rows);
        using var keyCache = new FencedTensor(_device.Memory, cacheType, [16, 16, 2, 20], gap: 4);
        using var valueCache = new FencedTensor(_device.Memory, cacheType, [16, 16, 2, 20]);
        Clear(keyCache);
        Clear(valueCache);
        _device.ScatterPaKvCache(
            merged.View.Columns(0, 40).Reshape(200, 2, 20), merged.View.Columns(40, 40).Reshape(200, 2, 20), keyCache, valueCache, slots);
        keyCache.AssertFence();
        valueCache.AssertFence();
        var (keys, values) = (Read(keyCache), Read(valueCache));
        for (var slot = 0; slot < 256; slot++)
        {
            var t = Array.IndexOf(slots, slot);
            for (var j = 0; j < 40; j++)
            {
                Assert.Equal(t < 0 ? 0f : Stored(rows[(t * 80) + j], cacheType), keys[(slot * 40) + j]);
                Assert.Equal(t < 0 ? 0f : Stored(rows[(t * 80) + 40 + j], cacheType), values[(slot * 40) + j]);
            }
        }
    }

    [Fact]
    public void BFloat16Rows_AreCopiedOrWidened()
    {
        using var key = new FencedTensor(_device.Memory, DType.BF16, [1, 1, 4]);
        ushort[] row = [0x3F80, 0xC000, 0x7F80, 0x0001];
        row.CopyTo(key.View.RowBF16(0));
        using var wide = new FencedTensor(_device.Memory, DType.F32, [1, 16, 1, 4]);
        using var narrow = new FencedTensor(_device.Memory, DType.BF16, [1, 16, 1, 4]);
        _device.ScatterPaKvCache(key, key, wide, narrow, [3]);
        Assert.Equal([1f, -2f, float.PositiveInfinity, BitConverter.UInt32BitsToSingle(0x10000)], wide.Read()[12..16]);
        Assert.Equal(row, narrow.ReadBF16()[12..16]);
    }

    [Fact]
    public void Mistakes_AreRefusedBeforeAnySlotIsWritten()
    {
        using var key = new FencedTensor(_device.Memory, DType.F32, [2, 1, 4]).Write(new float[8]);
        using var cache = new FencedTensor(_device.Memory, DType.F32, [2, 16, 1, 4]);
        using var other = new FencedTensor(_device.Memory, DType.F32, [2, 16, 1, 4]);
        using var flat = new FencedTensor(_device.Memory, DType.F32, [2, 16, 4]);
        using var smaller = new FencedTensor(_device.Memory, DType.F32, [1, 16, 1, 4]);
        AssertRefused("slot_mapping", () => _device.ScatterPaKvCache(key, key, cache, other, [0, 32]));
        AssertRefused("slot_mapping", () => _device.ScatterPaKvCache(key, key, cache, other, [0, -2]));
        AssertRefused("slot_mapping", () => _device.ScatterPaKvCache(key, key, cache, other, [0]));
        AssertRefused("key_cache", () => _device.ScatterPaKvCache(key, key, flat, other, [0, 1]));
        AssertRefused("value_cache", () => _device.ScatterPaKvCache(key, key, cache, smaller, [0, 1]));
        AssertRefused("value_cache", () => _device.ScatterPaKvCache(key, key, cache, cache, [0, 1]));
        AssertRefused("value", () => _device.ScatterPaKvCache(key, key.View.Slice(0, 1), cache, other, [0, 1]));
        AssertRefused("key", () => _device.ScatterPaKvCache(key.View.Reshape(2, 4), key, cache, other, [0, 1]));
        Assert.All(cache.Read(), x => Assert.Equal(0xA5A5A5A5u, BitConverter.SingleToUInt32Bits(x)));
    }

    private static void AssertRefused(string argument, Action call) =>
        Assert.Equal(argument, Assert.Throws<NpuShapeException>(call).Argument);

    private static float Stored(float value, DType cacheType) => cacheType == DType.F32 ? value : Reference.RoundToBF16(value);

    private static void Clear(FencedTensor cache)
    {
        for (var block = 0; block < cache.View.Rows; block++)
            cache.View.Slice(block, 1).Bytes().Clear();
    }

    private static float[] Read(FencedTensor cache) => cache.View.DType == DType.F32
        ? cache.Read()
        : [.. cache.ReadBF16().Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];
}
