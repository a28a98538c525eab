using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>Asks for memory before it is used. A hint: any address is allowed, and it does nothing where there
/// is no such instruction.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Bytes of a cache line.</summary>
    public const int Line = 64;

    /// <summary>Fetches the cache line into L2, leaving L1 to what is in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void IntoL2(byte* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }
}
