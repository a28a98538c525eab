using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products with weights of one type with groups: for each panel, all tiles of rows, each over all of K. A row's output is one chain
/// over blocks with k rising, from the bias or zero on: blocks of one group are y = fma(float(s), sx · d, y), then y = fma(m, sx · Σ x, y)
/// where there is a minimum, s = Σ q·x exact; larger ones y = fma(float(S), sx · d, y), then y = fma(-float(M), sx · dmin, y), S = Σ of
/// group scale · s and M = Σ of group minimum · Σ x exact. t counts rows.
/// </summary>
internal sealed unsafe class GroupKernels(GroupLayout layout, ProductTiles tiles, int l2Bytes) : QuantKernels
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    private const int FewestAhead = 4096;
    private const int AheadOfBlock = 512;

    // Fewer rows leave a panel, read from memory once for each block, too little work; more than that gain nothing.
    private const int FewestTiles = 8;
    private const int MostTiles = 56;

    // How far ahead a tile that is its block's only one asks for weights: about a memory latency of reading, and beyond the block, since
    // the scales behind its codes are wanted first.
    private readonly int _fetchAhead = Math.Max(FewestAhead, layout.BlockBytes + AheadOfBlock);

    /// <summary>The tiles.</summary>
    public ProductTiles Tiles => tiles;

    /// <inheritdoc/>
    public override int TileRows => tiles.MaxRows;

    /// <summary>Rows of a block stay in half of L2 while all panels go by.</summary>
    public override int RowsFor(int k) =>
        TileRows * (int)Math.Clamp(l2Bytes / 2 / layout.RowBytes(k) / TileRows, FewestTiles, MostTiles);

    /// <inheritdoc/>
    public override void Compute(in QuantBlock block)
    {
        var zeros = stackalloc float[Width];
        new Span<float>(zeros, Width).Clear();
        var edge = stackalloc float[tiles.MaxRows * Width];
        for (var panel = 0; panel < block.Panels; panel++)
            RunPanel(block, panel, zeros, edge);
    }

    private void RunPanel(in QuantBlock block, int panel, float* zeros, float* edge)
    {
        var weights = block.Panel + (panel * block.PanelBytes);
        var column = panel * Width;
        var columns = Math.Min(Width, block.Columns - column);
        var start = block.Bias is null ? zeros : block.Bias + column;
        if (columns < Width)
        {
            // Behind the last output there is no bias to read.
            new ReadOnlySpan<float>(start, columns).CopyTo(new Span<float>(zeros, columns));
            start = zeros;
        }

        var count = (block.Rows + TileRows - 1) / TileRows;
        for (var tile = 0; tile < count; tile++)
        {
            var t = block.Rows * tile / count;
            var rows = (block.Rows * (tile + 1) / count) - t;
            var y = block.Y + (t * block.YStride) + column;
            var isEdge = columns < Width || block.Streams;
            var x = block.X + (t * block.XStride);
            var arguments = new TileArguments
            {
                X = x,
                XStride = block.XStride,
                Side = x + GroupLayout.SideStart(block.K),
                Panel = weights,
                PanelBytes = block.PanelBytes,
                Count = block.K / layout.Format.BlockInputs,
                Start = start,
                Y = isEdge ? edge : y,
                YStride = (isEdge ? Width : block.YStride) * sizeof(float),

                // The first tile brings the next panel; the others ask for their own, which is there.
                Ahead = count == 1 ? weights + _fetchAhead : tile == 0 ? weights + block.PanelBytes : weights,
            };
            tiles.Run(&arguments, rows, alone: count == 1);
            if (isEdge)
                Place(edge, y, block, rows, columns);
        }
    }

    private static void Place(float* edge, float* y, in QuantBlock block, int rows, int columns)
    {
        if (block.Streams)
        {
            StreamRows.Copy(edge, Width, y, block.YStride, rows, columns);
            return;
        }

        CachedRows.Copy(edge, Width, y, block.YStride, rows, columns);
    }
}

/// <summary>A variant's products for each type with groups, made when they are first asked for. Thread-safe.</summary>
internal sealed class GroupKernelSet
{
    private readonly Dictionary<DType, Lazy<GroupKernels>> _kernels;

    /// <summary>Makes them of a form's tiles.</summary>
    public GroupKernelSet(Func<GroupLayout, ProductTiles> tilesOf, int l2Bytes) => _kernels = GroupLayout.All.ToDictionary(
        layout => layout.Format.DType,
        layout => new Lazy<GroupKernels>(() => new GroupKernels(layout, tilesOf(layout), l2Bytes)));

    /// <summary>Those of a type.</summary>
    public GroupKernels this[DType dtype] => _kernels[dtype].Value;
}
