using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>
/// The passes between the products of Q, K and V and attention: the bits of the single operators that they stand for, which
/// ElementwiseTests and ScatterPaKvCacheTests hold against their formulas.
/// </summary>
public sealed class NormRopeTests : IDisposable
{
    private const float Eps = 1e-6f;
    private const int LongestHalf = 129;
    private readonly CpuDevice _device = new(new CpuDeviceOptions { Threads = 2 });
    private readonly Rng _rng = new(61);

    public void Dispose()
    {
        Assert.Equal(0, _device.Memory.LiveTensors);
        _device.Dispose();
    }

    [Fact]
    public void QRmsNormRope_OfEveryHeadSize_HasTheBitsOfRmsNormThenRotaryMul()
    {
        for (var half = 1; half <= LongestHalf; half++)
        {
            using var angles = new Angles(_device, _rng, rows: 3, half);
            var x = WithExtremes(_rng.Floats(3 * 2 * 2 * half, 3f));
            using var expected = F32([3, 2, 2 * half]).Write(x);
            using var actual = F32([3, 2, 2 * half], gap: half % 4).Write(x);
            _device.RmsNorm(expected, angles.Gamma, Eps, expected);
            _device.RotaryMul(expected, angles.Cos, angles.Sin);
            _device.QRmsNormRope(actual, angles.Gamma, angles.Cos, angles.Sin, Eps);
            Assert.Equal(Bits(expected), Bits(actual));
            actual.AssertFence();
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void KvRmsNormRopeCache_OfEveryHeadSize_HasTheBitsOfRmsNormRotaryMulAndScatter(DType dtype)
    {
        int[] slots = [21, 3, -1, 40, 0];
        for (var half = 1; half <= LongestHalf; half++)
        {
            using var angles = new Angles(_device, _rng, slots.Length, half);
            using var kv = F32([slots.Length, 2 * 3 * 2 * half], gap: half % 3)
                .Write(WithExtremes(_rng.Floats(slots.Length * 2 * 3 * 2 * half, 3f)));
            using var pages = new Pages(_device, dtype, 3, 2 * half, gap: half % 2);
            using var expected = new Pages(_device, dtype, 3, 2 * half, gap: half % 2);
            _device.KvRmsNormRopeCache(kv, angles.Gamma, angles.Cos, angles.Sin, slots, pages.Keys, pages.Values, Eps);
            Compose(kv, angles, slots, expected);
            pages.AssertEqual(expected);
        }
    }

    // The step's gather buffer: K‖V rows side by side, taken as caches of one slot a block; row 2 is another rank's.
    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void KvRmsNormRopeCache_IntoAMergedBuffer_FillsItsOwnRowsOnly(DType dtype)
    {
        const int Width = 2 * 20;
        using var angles = new Angles(_device, _rng, rows: 3, half: 10);
        using var kv = F32([3, 2 * Width]).Write(_rng.Floats(3 * 2 * Width));
        using var merged = new FencedTensor(_device.Memory, dtype, [5, 2 * Width]);
        using var pages = new Pages(_device, dtype, 2, 20);
        var before = merged.View.Slice(2, 1).Bytes().ToArray();
        _device.KvRmsNormRopeCache(kv, angles.Gamma, angles.Cos, angles.Sin, [0, 4, 1],
            merged.View.Columns(0, Width).Reshape(5, 1, 2, 20), merged.View.Columns(Width, Width).Reshape(5, 1, 2, 20), Eps);
        _device.KvRmsNormRopeCache(kv, angles.Gamma, angles.Cos, angles.Sin, [0, 4, 1], pages.Keys, pages.Values, Eps);
        foreach (var row in (int[])[0, 4, 1])
        {
            var bytes = merged.View.Slice(row, 1).Bytes();
            Assert.Equal(pages.Slot(pages.Keys, row), bytes[..(bytes.Length / 2)]);
            Assert.Equal(pages.Slot(pages.Values, row), bytes[(bytes.Length / 2)..]);
        }

        Assert.Equal(before, merged.View.Slice(2, 1).Bytes());
        merged.AssertFence();
    }

    [Fact]
    public void Rows_AmongOthersAndAloneOnAnyThreadCount_HaveTheSameBits()
    {
        const int Rows = 500;
        using var angles = new Angles(_device, _rng, Rows, half: 36);
        using var kv = F32([Rows, 2 * 2 * 72]).Write(_rng.Floats(Rows * 2 * 2 * 72));
        using var many = new Pages(_device, DType.BF16, 2, 72, blocks: 32);
        int[] slots = [.. Enumerable.Range(0, Rows)];
        _device.KvRmsNormRopeCache(kv, angles.Gamma, angles.Cos, angles.Sin, slots, many.Keys, many.Values, Eps);
        foreach (var threads in new[] { 1, 3 })
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = threads });
            using var alone = new Pages(_device, DType.BF16, 2, 72, blocks: 32);
            for (var row = 0; row < Rows; row++)
            {
                device.KvRmsNormRopeCache(kv.View.Slice(row, 1), angles.Gamma, angles.Cos.View.Slice(row, 1),
                    angles.Sin.View.Slice(row, 1), [row], alone.Keys, alone.Values, Eps);
            }

            alone.AssertEqual(many);
        }
    }

    [Fact]
    public void Mistakes_AreRefusedBeforeAnythingIsWritten()
    {
        using var angles = new Angles(_device, _rng, rows: 2, half: 2);
        using var x = F32([2, 3, 4]).Write(new float[24]);
        using var kv = F32([2, 2 * 3 * 4]).Write(new float[48]);
        using var pages = new Pages(_device, DType.F32, 3, 4);
        using var rounded = new Pages(_device, DType.BF16, 3, 4);
        using var odd = F32([2, 2, 1, 5]);
        var (gamma, cos, sin) = (angles.Gamma.View, angles.Cos.View, angles.Sin.View);
        Refused("x", () => _device.QRmsNormRope(x.View.Reshape(2, 12), gamma, cos, sin, Eps));
        Refused("gamma", () => _device.QRmsNormRope(x, cos, cos, sin, Eps));
        Refused("cos", () => _device.QRmsNormRope(x, gamma, cos.Slice(0, 1), sin, Eps));
        Refused("sin", () => _device.QRmsNormRope(x, gamma, cos, gamma, Eps));
        Refused("x", () => _device.QRmsNormRope(x, x.View.Slice(0, 1).Columns(0, 4).Reshape(4), cos, sin, Eps));
        Refused("kv", () => _device.KvRmsNormRopeCache(kv.View.Columns(0, 12), gamma, cos, sin, [0, 1], pages.Keys, pages.Values, Eps));
        Refused("slot_mapping", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0], pages.Keys, pages.Values, Eps));
        Refused("slot_mapping", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0, 48], pages.Keys, pages.Values, Eps));
        Refused("slot_mapping", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0, -2], pages.Keys, pages.Values, Eps));
        Refused("key_cache", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0, 1], odd, pages.Values, Eps));
        Refused("key_cache", () => _device.KvRmsNormRopeCache(
            kv, gamma, cos, sin, [0, 1], kv.View.Columns(0, 12).Reshape(2, 1, 3, 4), kv.View.Columns(12, 12).Reshape(2, 1, 3, 4), Eps));
        Refused("value_cache", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0, 1], pages.Keys, rounded.Values, Eps));
        Refused("value_cache", () => _device.KvRmsNormRopeCache(kv, gamma, cos, sin, [0, 1], pages.Keys, pages.Keys, Eps));
        Assert.All(x.Read(), value => Assert.Equal(0f, value));
        using var untouched = new Pages(_device, DType.F32, 3, 4);
        pages.AssertEqual(untouched);
    }

    private static void Refused(string argument, Action call) => Assert.Equal(argument, Assert.Throws<NpuShapeException>(call).Argument);

    /// <summary>What KvRmsNormRopeCache stands for.</summary>
    private void Compose(TensorView kv, Angles angles, int[] slots, Pages pages)
    {
        var (heads, d) = (pages.Keys[2], pages.Keys[3]);
        using var normed = F32([kv.Rows, heads, d]);
        _device.RmsNorm(kv.Columns(0, heads * d).Reshape(kv.Rows, heads, d), angles.Gamma, Eps, normed);
        _device.RotaryMul(normed, angles.Cos, angles.Sin);
        _device.ScatterPaKvCache(
            normed, kv.Columns(heads * d, heads * d).Reshape(kv.Rows, heads, d), pages.Keys, pages.Values, slots);
    }

    // Zeros of both signs, values whose squares overflow or vanish, infinities.
    private static float[] WithExtremes(float[] values)
    {
        float[] extremes = [0f, -0f, 1e30f, -1e30f, 1e-30f, float.PositiveInfinity, float.NegativeInfinity];
        for (var i = 0; i < extremes.Length && i * 11 < values.Length; i++)
            values[i * 11] = extremes[(i + values.Length) % extremes.Length];

        return values;
    }

    // All NaN are one: which operand's payload stays is the processor's choice.
    private static uint[] Bits(FencedTensor tensor) =>
        [.. tensor.Read().Select(value => BitConverter.SingleToUInt32Bits(float.IsNaN(value) ? float.NaN : value))];

    private FencedTensor F32(int[] shape, int gap = 0) => new(_device.Memory, DType.F32, shape, gap);

    private sealed class Angles(CpuDevice device, Rng rng, int rows, int half) : IDisposable
    {
        public FencedTensor Gamma { get; } = new FencedTensor(device.Memory, DType.F32, [2 * half]).Write(rng.Floats(2 * half));

        public FencedTensor Cos { get; } = new FencedTensor(device.Memory, DType.F32, [rows, half]).Write(rng.Floats(rows * half));

        public FencedTensor Sin { get; } =
            new FencedTensor(device.Memory, DType.F32, [rows, half], gap: half % 2).Write(rng.Floats(rows * half));

        public void Dispose()
        {
            Gamma.Dispose();
            Cos.Dispose();
            Sin.Dispose();
        }
    }

    private sealed class Pages(CpuDevice device, DType dtype, int heads, int d, int gap = 0, int blocks = 3) : IDisposable
    {
        private readonly FencedTensor _keys = new(device.Memory, dtype, [blocks, 16, heads, d], gap);
        private readonly FencedTensor _values = new(device.Memory, dtype, [blocks, 16, heads, d]);

        public TensorView Keys => _keys;

        public TensorView Values => _values;

        public byte[] Slot(TensorView cache, int slot)
        {
            var size = heads * d * dtype.Bytes();
            return cache.Slice(slot / 16, 1).Bytes().Slice(slot % 16 * size, size).ToArray();
        }

        public void AssertEqual(Pages other)
        {
            _keys.AssertFence();
            _values.AssertFence();
            Assert.Equal(Elements(other._keys), Elements(_keys));
            Assert.Equal(Elements(other._values), Elements(_values));
        }

        public void Dispose()
        {
            _keys.Dispose();
            _values.Dispose();
        }

        private static uint[] Elements(FencedTensor cache) => cache.View.DType == DType.F32
            ? Bits(cache)
            : [.. cache.ReadBF16().Select(value => (value & 0x7FFFu) > 0x7F80u ? 0x7FC0u : value)];
    }
}
