using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu;

/// <summary>
/// An NPU in software: native 64-byte-aligned memory, one stream thread that is worker 0, and <see cref="Threads"/> - 1 helpers
/// that operators divide their rows and columns over. Several devices may live in one process; they share nothing.
/// </summary>
public sealed partial class CpuDevice : INpuDevice
{
    private readonly DeviceStream _stream;
    private readonly WorkerScratch _scratch;
    private bool _disposed;

    /// <summary>Starts the device's threads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one thread is asked for, or a negative core.</exception>
    public CpuDevice(CpuDeviceOptions? options = null)
    {
        options ??= new CpuDeviceOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        foreach (var core in options.Cores ?? [])
        {
            ArgumentOutOfRangeException.ThrowIfNegative(core, nameof(options));
        }

        Name = $"{options.Name} ({InstructionSet}, {options.Threads} threads)";
        _stream = new DeviceStream(options.Name + "/0", CoreOf(options.Cores, 0));
        Workers = new WorkerPool(options.Threads, options.Name, options.Cores);
        _scratch = WorkerScratch.Allocate(options.Threads, Kernels.MatMul.ScratchFloats);
        _fiaScratch = [.. Enumerable.Range(0, options.Threads).Select(_ => new FiaScratch())];
    }

    /// <summary>The vectors that kernels use: avx512, vector256, vector128 or scalar.</summary>
    public static string InstructionSet =>
        Vector512.IsHardwareAccelerated ? "avx512"
        : Vector256.IsHardwareAccelerated ? "vector256"
        : Vector128.IsHardwareAccelerated ? "vector128"
        : "scalar";

    /// <inheritdoc cref="INpuDevice.Name"/>
    public string Name { get; }

    /// <inheritdoc cref="INpuDevice.Threads"/>
    public int Threads => Workers.Threads;

    /// <inheritdoc cref="INpuDevice.Memory"/>
    public TensorPool Memory { get; } = new();

    /// <inheritdoc cref="INpuDevice.Stream"/>
    public TaskScheduler Stream => _stream;

    /// <summary>Divides items of work; operators call it from the thread that calls them.</summary>
    internal WorkerPool Workers { get; }

    /// <summary>Runs what the stream still holds, then stops all threads and frees pooled memory. Packed matrices stay valid.</summary>
    /// <exception cref="InvalidOperationException">Called on the stream itself, which cannot wait for its own end.</exception>
    public void Dispose()
    {
        if (_stream.IsCurrentThread)
        {
            throw new InvalidOperationException($"{Name}: a task of the device's stream cannot dispose the device.");
        }

        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stream.Dispose();
        Workers.Dispose();
        _scratch.Free();
        FreeAttention();
        Memory.Dispose();
    }

    internal static int? CoreOf(IReadOnlyList<int>? cores, int worker) =>
        cores is { Count: > 0 } ? cores[worker % cores.Count] : null;
}
