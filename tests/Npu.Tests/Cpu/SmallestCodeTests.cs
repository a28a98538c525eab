using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>INT8 checkpoints have codes of -128, which quantising never makes: products are exact with them, too.</summary>
public sealed class SmallestCodeTests
{
    private const int N = 96;
    private const int K = 1024;

    /// <summary>Every variant of this machine.</summary>
    public static TheoryData<string> Variants() => [.. CpuDevice.AvailableKernels];

    [Theory]
    [MemberData(nameof(Variants))]
    public void CodesOfMinus128_AreMultipliedExactly(string kernels)
    {
        var rng = new Rng(128);
        foreach (var rows in (int[])[1, 3, 17, 70])
        {
            using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Kernels = kernels });
            var codes = new sbyte[N * K];
            for (var i = 0; i < codes.Length; i++)
            {
                codes[i] = (i / K % 3) switch
                {
                    0 => sbyte.MinValue,
                    1 => i % 2 == 0 ? sbyte.MinValue : sbyte.MaxValue,
                    _ => (sbyte)rng.Next(256),
                };
            }

            var scales = Enumerable.Repeat(1f, N).ToArray();
            using var matrix = device.CreateMatrix(N, K, DType.I8);
            matrix.PackI8(0, codes, scales);

            // Largest value 127, so that activations are their own codes; signs alternate or are all alike.
            var x = new float[rows * K];
            for (var i = 0; i < x.Length; i++)
                x[i] = (i / K % 3) switch { 0 => 127, 1 => i % 2 == 0 ? -127 : 127, _ => i % K == 0 ? 127 : rng.Next(255) - 127 };
            using var input = new FencedTensor(device.Memory, DType.F32, [rows, K]).Write(x);
            using var output = new FencedTensor(device.Memory, DType.F32, [rows, N]);
            device.MatMul(input, matrix, null, output);

            var found = output.Read();
            for (var i = 0; i < found.Length; i++)
            {
                var expected = 0;
                for (var k = 0; k < K; k++)
                    expected += (int)x[(i / N * K) + k] * codes[(i % N * K) + k];
                Assert.Equal((float)expected, found[i]);
            }
        }
    }
}
