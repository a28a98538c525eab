using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Rows packed from BF16 bits make the matrix that the same values make as floats, in every variant and type.</summary>
public sealed class PackBF16Tests
{
    /// <summary>Every variant of this machine with every weight type.</summary>
    public static TheoryData<string, DType> Variants() =>
        [.. from kernels in CpuDevice.AvailableKernels from dtype in RowTypes.All select (kernels, dtype)];

    [Theory]
    [MemberData(nameof(Variants))]
    public void RowsInAnyParts_MakeTheMatrixOfTheirFloats(string kernels, DType dtype)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
        var rng = new Rng(11);
        foreach (var k in (int[])[1, 31, 32, 33, 64, 96])
        {
            foreach (var n in (int[])[1, 15, 16, 17, 32, 47, 64, 81])
            {
                var bits = rng.Floats(n * k).Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray();
                using var expected = device.CreateMatrix(n, k, dtype);
                expected.Pack(0, [.. bits.Select(value => BitConverter.UInt32BitsToSingle((uint)value << 16))]);
                using var actual = device.CreateMatrix(n, k, dtype);
                for (var row = 0; row < n;)
                {
                    var count = Math.Min(1 + rng.Next(40), n - row);
                    actual.PackBF16(row, bits.AsSpan(row * k, count * k));
                    row += count;
                }

                Assert.Equal(Product(device, expected), Product(device, actual));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void RowsOfGateAndUp_InAnyParts_MakeTheMatrixOfTheirFloats(string kernels, DType dtype)
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
        var rng = new Rng(12);
        foreach (var k in (int[])[31, 32, 64])
        {
            foreach (var f in (int[])[1, 16, 17, 32, 40, 81])
            {
                var bits = rng.Floats(2 * f * k).Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray();
                using var expected = device.CreateGatedMatrix(f, k, dtype);
                expected.Pack(0, [.. bits.Select(value => BitConverter.UInt32BitsToSingle((uint)value << 16))]);
                using var actual = device.CreateGatedMatrix(f, k, dtype);
                for (var row = 0; row < 2 * f;)
                {
                    var count = Math.Min(1 + rng.Next(60), (2 * f) - row);
                    actual.PackBF16(row, bits.AsSpan(row * k, count * k));
                    row += count;
                }

                Assert.Equal(Activated(device, expected), Activated(device, actual));
            }
        }
    }

    [Fact]
    public void RowsThatDoNotFit_AreRefused()
    {
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        using var matrix = device.CreateMatrix(6, 4, DType.BF16);

        Assert.Throws<NpuShapeException>(() => matrix.PackBF16(0, new ushort[7]));
        Assert.Throws<NpuShapeException>(() => matrix.PackBF16(5, new ushort[8]));
        Assert.Throws<NpuShapeException>(() => matrix.PackBF16(-1, new ushort[4]));
    }

    // Rows of the identity: each output is silu of one gate weight times one of up.
    private static float[] Activated(CpuDevice device, PackedMatrix matrix)
    {
        using var x = Identity(device, matrix.K);
        using var y = device.Memory.Rent(DType.F32, matrix.K, matrix.N / 2);
        device.MatMulSwiglu(x, matrix, y);
        return y.View.SpanF32().ToArray();
    }

    // Rows of the identity: the product holds every weight.
    private static float[] Product(CpuDevice device, PackedMatrix matrix)
    {
        using var x = Identity(device, matrix.K);
        using var y = device.Memory.Rent(DType.F32, matrix.K, matrix.N);
        device.MatMul(x, matrix, null, y);
        return y.View.SpanF32().ToArray();
    }

    private static Tensor Identity(CpuDevice device, int size)
    {
        var x = device.Memory.Rent(DType.F32, size, size);
        x.View.SpanF32().Clear();
        for (var k = 0; k < size; k++)
            x.View.RowF32(k)[k] = 1;
        return x;
    }
}
