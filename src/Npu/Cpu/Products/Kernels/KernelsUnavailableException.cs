namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Kernels were asked for, by <see cref="CpuDeviceOptions.Kernels"/> or AKKACP_KERNELS, that this machine does not have.</summary>
public sealed class KernelsUnavailableException : ArgumentException
{
    /// <summary>Creates the error.</summary>
    /// <param name="source">The option or variable that names the kernels.</param>
    /// <param name="kernels">The name.</param>
    /// <param name="reason">Why there are none, and what there is instead.</param>
    public KernelsUnavailableException(string source, string kernels, string reason)
        : base($"{source}={kernels}: {reason}") => Kernels = kernels;

    /// <summary>The name that was asked for.</summary>
    public string Kernels { get; }
}
