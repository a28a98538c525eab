namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Which kernels a device's products run on.</summary>
/// <param name="Name">One of <see cref="CpuDevice.AvailableKernels"/>; the word that AKKACP_KERNELS takes.</param>
/// <param name="Reason">Why these, and why no better ones; one line for logs.</param>
/// <param name="Numerics">
/// Names the arithmetic of products. Two devices with the same id give the same bits; ranks of one group must agree on it.
/// </param>
public sealed record KernelChoice(string Name, string Reason, string Numerics);
