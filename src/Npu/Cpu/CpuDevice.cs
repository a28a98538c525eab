using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Attention;
using AkkaCp.Npu.Cpu.Products;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

/// <summary>
/// An NPU in software: native 64-byte-aligned memory, one stream thread that is worker 0, and <see cref="Threads"/> - 1 helpers
/// that operators divide their rows and columns over. Several devices may live in one process; they share nothing.
/// </summary>
public sealed partial class CpuDevice : INpuDevice
{
    private readonly KernelVariant _variant;
    private readonly DeviceResources _resources;
    private readonly TensorPool _weightTensors;
    private readonly DeviceStream _stream = null!;
    private readonly WorkerScratch _scratch;
    private bool _disposed;

    /// <summary>Starts the device's threads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one thread is asked for, or a negative core.</exception>
    /// <exception cref="KernelsUnavailableException">Kernels are asked for, by option or AKKACP_KERNELS,
    /// that this machine does not have.</exception>
    /// <exception cref="OutOfMemoryException">The system has no thread or no memory left; what was begun is ended.</exception>
    public CpuDevice(CpuDeviceOptions? options = null)
        : this(options ?? new CpuDeviceOptions(), ChooseKernels(options?.Kernels))
    {
    }

    /// <summary>Starts the device's threads on kernels that need not be in this machine's catalogue.</summary>
    internal CpuDevice(CpuDeviceOptions options, KernelVariant variant, string reason)
        : this(options, (variant, new KernelChoice(variant.Name, reason, variant.Numerics)))
    {
    }

    private CpuDevice(CpuDeviceOptions options, (KernelVariant Variant, KernelChoice Choice) kernels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        foreach (var core in options.Cores ?? [])
            ArgumentOutOfRangeException.ThrowIfNegative(core, nameof(options));

        (_variant, KernelChoice) = kernels;
        Name = $"{options.Name} ({_variant.Name}, {options.Threads} threads)";
        _resources = options.Resources;
        Memory = new TensorPool(_resources);
        _weightTensors = new TensorPool(_resources);
        _converted = new ConvertedRows(_resources);
        _fiaShares = new FiaShares(_resources);
        _fiaScratch = [.. Enumerable.Range(0, options.Threads).Select(_ => new FiaScratch(_resources))];
        try
        {
            _scratch = WorkerScratch.Allocate(_resources, options.Threads, ProductFloatsOf(_variant));
            Workers = new WorkerPool(options.Threads, options.Name, options.Cores, _resources);
            _stream = new DeviceStream(options.Name + "/0", ThreadAffinity.CoreOf(options.Cores, 0), _resources);
        }
        catch
        {
            Workers?.Dispose();
            _scratch.Free();
            throw;
        }
    }

    /// <summary>Kernels that products can run on here, best first: amx, bf16-avx512, vnni-avx512, avx512, avx2, vector256,
    /// vector128, scalar.</summary>
    public static IReadOnlyList<string> AvailableKernels => [.. KernelCatalogue.Machine.Available.Select(variant => variant.Name)];

    /// <summary>What products of a device run on whose options name no kernels.</summary>
    /// <exception cref="KernelsUnavailableException">AKKACP_KERNELS names kernels that this machine does not have.</exception>
    public static KernelChoice DefaultKernels => ChooseKernels(null).Choice;

    /// <summary>Working memory of each thread of a device with default kernels, for heads of a dimension, in bytes.</summary>
    public static long ScratchBytesOf(int headDim) =>
        sizeof(float) * ((long)ProductFloatsOf(ChooseKernels(null).Variant) + FiaScratch.FloatsFor(headDim));

    /// <summary>Processors that the process may use, by the numbers that <see cref="CpuDeviceOptions.Cores"/> takes.</summary>
    public static IReadOnlyList<int> AllowedProcessors { get; } = ThreadAffinity.Allowed();

    /// <summary>The vectors that all kernels but products use: avx512, vector256, vector128 or scalar.</summary>
    public static string InstructionSet =>
        Vector512.IsHardwareAccelerated ? "avx512"
        : Vector256.IsHardwareAccelerated ? "vector256"
        : Vector128.IsHardwareAccelerated ? "vector128"
        : "scalar";

    /// <inheritdoc cref="INpuDevice.Name"/>
    public string Name { get; }

    /// <summary>Which kernels this device's products run on, and why.</summary>
    public KernelChoice KernelChoice { get; }

    /// <summary>Threads that compute, the stream's own included.</summary>
    public int Threads => Workers.Threads;

    /// <inheritdoc cref="INpuDevice.Memory"/>
    public TensorPool Memory { get; }

    /// <inheritdoc cref="INpuDevice.Stream"/>
    public TaskScheduler Stream => _stream;

    /// <summary>Divides items of work; operators call it from the thread that calls them.</summary>
    internal WorkerPool Workers { get; } = null!;

    /// <summary>Runs what the stream still holds, then stops all threads and frees pooled memory. Weights stay valid.</summary>
    /// <exception cref="InvalidOperationException">Called on the stream itself, which cannot wait for its own end.</exception>
    public void Dispose()
    {
        if (_stream.IsCurrentThread)
            throw new InvalidOperationException($"{Name}: a task of the device's stream cannot dispose the device.");

        if (_disposed)
            return;

        _disposed = true;
        _stream.Dispose();
        Workers.Dispose();
        _scratch.Free();
        _sums.Free();
        _converted.Free();
        FreeAttention();
        _weightTensors.Dispose();
        Memory.Dispose();
    }

    /// <inheritdoc cref="INpuDevice.CreateTensor"/>
    public Tensor CreateTensor(DType dtype, params ReadOnlySpan<int> shape) => _weightTensors.Rent(dtype, shape);

    private static int ProductFloatsOf(KernelVariant variant) => Math.Max(variant.ScratchFloatsOfF8, I8Kernels.ScratchFloats);

    private static (KernelVariant Variant, KernelChoice Choice) ChooseKernels(string? option) =>
        string.IsNullOrEmpty(option)
            ? KernelCatalogue.Machine.Choose(Environment.GetEnvironmentVariable(KernelCatalogue.Variable), KernelCatalogue.Variable)
            : KernelCatalogue.Machine.Choose(option, nameof(CpuDeviceOptions.Kernels));
}
