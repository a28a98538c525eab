using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>A piece of native memory for each worker, zeroed at the start, 64-byte aligned. The device owns it.</summary>
internal readonly unsafe struct WorkerScratch
{
    private readonly DeviceResources? _resources;
    private readonly float* _memory;
    private readonly nint _floatsEach;

    private WorkerScratch(DeviceResources resources, float* memory, nint floatsEach)
    {
        _resources = resources;
        _memory = memory;
        _floatsEach = floatsEach;
    }

    /// <summary>Floats of each piece; 0 before there is memory.</summary>
    public nint FloatsEach => _floatsEach;

    /// <summary>The piece of one worker.</summary>
    public float* this[int worker] => _memory + (worker * _floatsEach);

    /// <summary>Takes memory for <paramref name="workers"/> pieces, each on cache lines of its own.</summary>
    public static WorkerScratch Allocate(DeviceResources resources, int workers, int floatsEach)
    {
        var each = (floatsEach + 31) / 32 * 32;
        var bytes = (nuint)workers * (nuint)each * sizeof(float);
        var memory = (float*)resources.Allocate(bytes);
        NativeMemory.Clear(memory, bytes);
        return new WorkerScratch(resources, memory, each);
    }

    /// <summary>Gives the memory back.</summary>
    public void Free() => _resources?.Free((nint)_memory);
}
