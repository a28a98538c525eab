namespace AkkaCp.Bench.Kernels;

/// <summary>A product y[T, N] = x[T, K]·Wᵀ.</summary>
internal sealed record ProductFigure(int T, int N, int K, string DType, double Gflops, double Share, double GBps, double ReadShare);

/// <summary>A causal attention call of 32 heads over 4 key/value heads, D = 128.</summary>
internal sealed record AttentionFigure(
    int Rows, int Prefix, string Cache, double Ms, double Gflops, double FmaShare, double BF16Share, double GBps, double ReadShare);

/// <summary>What follows the products of Q and of K and V, in microseconds: one pass each,
/// and as the operators that it stands for.</summary>
internal sealed record NormRopeFigure(
    int Tokens, double QueryUs, double QuerySinglyUs, double QueryGBps, double KvUs, double KvSinglyUs, double KvGBps);

/// <summary>What surrounds the experts, in microseconds.</summary>
internal sealed record RoutingFigure(int Tokens, double GatingUs, double InitUs, double InitGBps, double FinalizeUs, double FinalizeGBps);

/// <summary>A sparse layer's experts at Qwen3-30B-A3B's dimensions, in milliseconds and as shares of the products' limit.</summary>
internal sealed record ExpertsFigure(
    int Tokens, string DType, double SortMs, double GateUpMs, double GateUpShare, double DownMs, double DownShare, double CombineMs,
    double Share);

/// <summary>The limits of one core, and what one thread of a device reached.</summary>
internal sealed record KernelFigures
{
    /// <summary>Kernels in use.</summary>
    public required string Kernels { get; init; }

    /// <summary>Threads of the device.</summary>
    public required int Threads { get; init; }

    /// <summary>F32 fused multiply-adds, GFLOP/s.</summary>
    public required double FmaGflops { get; init; }

    /// <summary>BF16 products, GFLOP/s.</summary>
    public required double BF16Gflops { get; init; }

    /// <summary>I8 products, GOP/s.</summary>
    public required double I8Gops { get; init; }

    /// <summary>Reading from memory, GB/s.</summary>
    public required double ReadGBps { get; init; }

    /// <summary>Reading from memory with as many cores as the device has threads, GB/s: what shares of the read limit are of.</summary>
    public required double ReadTogetherGBps { get; init; }

    /// <summary>Products.</summary>
    public IReadOnlyList<ProductFigure> Products { get; init; } = [];

    /// <summary>Attention.</summary>
    public IReadOnlyList<AttentionFigure> Attention { get; init; } = [];

    /// <summary>Norms and rotations.</summary>
    public IReadOnlyList<NormRopeFigure> NormRope { get; init; } = [];

    /// <summary>Routing.</summary>
    public IReadOnlyList<RoutingFigure> Routing { get; init; } = [];

    /// <summary>Experts.</summary>
    public IReadOnlyList<ExpertsFigure> Experts { get; init; } = [];
}
