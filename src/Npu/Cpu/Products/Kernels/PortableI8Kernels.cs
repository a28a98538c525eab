using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Products with I8 weights in C# over vectors of one width: bytes are widened to 16 bits and multiplied in pairs.</summary>
internal sealed unsafe class PortableI8Kernels<TSimd, TVector> : I8Kernels
    where TSimd : struct, IByteSimd<TVector>
    where TVector : struct
{
    /// <inheritdoc/>
    public override int TileRows => I8Tile<TSimd, TVector>.Rows;

    /// <inheritdoc/>
    public override int MaxRows => MatMul.MaxRows;

    /// <inheritdoc/>
    protected override int PanelsFor(int rows) => 1;

    /// <inheritdoc/>
    protected override void RunTile(TileArguments* tile, int rows, bool alone) => I8Tile<TSimd, TVector>.Compute(tile, rows);
}
