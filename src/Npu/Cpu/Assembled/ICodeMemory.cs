using System.Diagnostics.CodeAnalysis;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>Where assembled code comes to lie.</summary>
internal unsafe interface ICodeMemory
{
    /// <summary>
    /// Copies code to fresh pages, then takes the right to write them away and gives the right to run them. The pages stay until
    /// the process ends: any thread may be inside them.
    /// </summary>
    /// <param name="code">Position-independent machine code.</param>
    /// <param name="address">Where it lies, page-aligned; null when refused.</param>
    /// <param name="refusal">Why there is no executable memory; null when there is.</param>
    bool TryMap(ReadOnlySpan<byte> code, out byte* address, [NotNullWhen(false)] out string? refusal);
}
