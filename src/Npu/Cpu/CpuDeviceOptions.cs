namespace AkkaCp.Npu.Cpu;

/// <summary>What a <see cref="CpuDevice"/> is made of.</summary>
public sealed record CpuDeviceOptions
{
    /// <summary>Threads that compute, the stream's own thread included; at least 1. Default: one for each processor.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// Processor numbers to pin the threads to: thread i to entry i modulo the count. Null (the default) or empty pins nothing;
    /// pinning is a no-op outside Linux, and a processor that the system refuses leaves its thread unpinned.
    /// </summary>
    public IReadOnlyList<int>? Cores { get; init; }

    /// <summary>
    /// Kernels that products run on, one of <see cref="CpuDevice.AvailableKernels"/>. Null (the default): the environment variable
    /// AKKACP_KERNELS, or else the best that the machine has.
    /// </summary>
    public string? Kernels { get; init; }

    /// <summary>Where memory and threads come from. Default: this process.</summary>
    public DeviceResources Resources { get; init; } = DeviceResources.OfProcess;

    /// <summary>Name for logs and threads.</summary>
    public string Name { get; init; } = "cpu";
}
