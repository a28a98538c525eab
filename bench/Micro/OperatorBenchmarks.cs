using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using BenchmarkDotNet.Attributes;

namespace AkkaCp.Bench.Micro;

/// <summary>
/// Operators of one device with one thread, on tensors that it owns; 0 bytes of managed memory in all of them. Dimensions are those of
/// Qwen3-30B-A3B's layers: hidden 2048, 32 heads over 4 key/value heads of 128, 128 experts of 768, 8 for each token.
/// </summary>
public abstract class OperatorBenchmarks
{
    /// <summary>Hidden size.</summary>
    protected const int Hidden = 2048;

    /// <summary>Query heads.</summary>
    protected const int Heads = 32;

    /// <summary>Key/value heads.</summary>
    protected const int KvHeads = 4;

    /// <summary>Head dimension.</summary>
    protected const int HeadDim = 128;

    private readonly List<IDisposable> _owned = [];

    /// <summary>The device; one thread.</summary>
    protected CpuDevice Device { get; private set; } = null!;

    /// <summary>What a method's call computes and moves.</summary>
    /// <param name="method">Name of the benchmark's method.</param>
    internal abstract Work WorkOf(string method);

    /// <summary>Tensors and weights.</summary>
    [GlobalSetup]
    public void Open()
    {
        Device = new CpuDevice(new CpuDeviceOptions { Threads = 1 });
        Prepare();
    }

    /// <summary>Gives them back.</summary>
    [GlobalCleanup]
    public void Close()
    {
        _owned.ForEach(owned => owned.Dispose());
        _owned.Clear();
        Device.Dispose();
    }

    /// <summary>Rents what the benchmarks need.</summary>
    protected abstract void Prepare();

    /// <summary>A tensor with numbers from -0.5 to 0.5.</summary>
    protected Tensor Filled(DType dtype, params ReadOnlySpan<int> shape)
    {
        var tensor = Empty(dtype, shape);
        using var wide = Device.Memory.Rent(DType.F32, shape);
        Fill(wide, i => ((i * 37L % 101) - 50) / 100f);
        Device.Cast(wide, tensor);
        return tensor;
    }

    /// <summary>Makes each element of a dense tensor the value of its number.</summary>
    protected static void Fill(Tensor tensor, Func<int, float> valueOf)
    {
        using var host = tensor.View.MapWrite();
        var values = host.F32;
        for (var i = 0; i < values.Length; i++)
            values[i] = valueOf(i);
    }

    /// <summary>A tensor to write to.</summary>
    protected Tensor Empty(DType dtype, params ReadOnlySpan<int> shape)
    {
        var tensor = Device.Memory.Rent(dtype, shape);
        _owned.Add(tensor);
        return tensor;
    }

    /// <summary>A packed matrix [n, k].</summary>
    protected PackedMatrix Weights(int n, int k, DType dtype)
    {
        var matrix = Device.CreateMatrix(n, k, dtype);
        _owned.Add(matrix);
        var row = new float[k];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < k; j++)
                row[j] = ((((i * 31) + j) % 101) - 50) / 50f;
            matrix.Pack(i, row);
        }

        return matrix;
    }
}
