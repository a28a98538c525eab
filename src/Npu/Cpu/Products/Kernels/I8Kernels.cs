using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products with I8 weights: the loops around the tiles of one form. Sums are exact integers, so that all forms, tiles and cuts give
/// the same bits. Passes over K in order, for each all panels, for each all tiles of rows; t counts rows, k words of four inputs.
/// </summary>
internal abstract unsafe class I8Kernels : QuantKernels
{
    /// <summary>Floats of scratch: the sums of a tile, then the starts of its panels.</summary>
    public const int ScratchFloats = SumInts + (MostPanels * Width);

    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int StepBytes = Width * sizeof(int);
    private const int MostPanels = 4;

    // About a memory latency of reading.
    private const int FetchAhead = 4096;
    private const int MostRows = 32;
    private const int SumInts = MostRows * Width;

    /// <summary>Most rows of one block, at most 32 in a tile.</summary>
    public abstract int MaxRows { get; }

    /// <summary>Whether rows of x are those of <see cref="SplitX"/>, else bytes q + 128; tiles then take one panel at once.</summary>
    public virtual bool SplitsX => false;

    /// <inheritdoc/>
    public override int RowsFor(int k) => MaxRows;

    /// <inheritdoc/>
    public override void Compute(in QuantBlock block)
    {
        // Rows of one tile pass by once; those of many stay in L2 while all panels go by, which longer rows would not.
        var words = I8Panel.Words(block.K);
        var most = block.Rows <= TileRows ? words : AssembledBlocking.BlockWords;
        for (var k = 0; k < words; k += most)
            RunPass(block, k, Math.Min(most, words - k), words);
    }

    /// <summary>Panels that a tile of <paramref name="rows"/> rows takes at once: 1, 2 or 4, rows × panels at most 32.</summary>
    protected abstract int PanelsFor(int rows);

    /// <summary>Sums of one tile, as <see cref="ProductTiles"/> define them for <see cref="WordProduct.I8"/>.</summary>
    /// <param name="tile">What it works on.</param>
    /// <param name="rows">1 to <see cref="QuantKernels.TileRows"/>.</param>
    /// <param name="alone">True: the block's only tile, over <see cref="PanelsFor"/> panels; false: over one panel.</param>
    protected abstract void RunTile(TileArguments* tile, int rows, bool alone);

    private void RunPass(in QuantBlock block, int k, int count, int words)
    {
        var together = PanelsFor(block.Rows);
        for (int panel = 0, panels; panel < block.Panels; panel += panels)
        {
            panels = block.Panels - panel >= together ? together : 1;
            RunPanels(block, panel, panels, k, count, last: k + count == words);
        }
    }

    private void RunPanels(in QuantBlock block, int panel, int panels, int k, int count, bool last)
    {
        var first = block.Panel + (panel * block.PanelBytes);
        var weights = first + ((nint)k * StepBytes);
        var starts = Starts(block, first, panels);
        var columns = Math.Min(panels * Width, block.Columns - (panel * Width));
        var tiles = (block.Rows + TileRows - 1) / TileRows;
        var sums = (int*)block.Scratch;
        for (var tile = 0; tile < tiles; tile++)
        {
            var t = block.Rows * tile / tiles;
            var rows = (block.Rows * (tile + 1) / tiles) - t;
            var y = block.Y + (t * block.YStride) + (panel * Width);
            if (k > 0)
                CachedRows.Copy((int*)y, block.YStride, sums, panels * Width, rows, columns);
            else if (SplitsX)
                StartRows(block, t, rows, sums);

            var goesOn = k > 0 || SplitsX;
            var arguments = new TileArguments
            {
                X = block.X + (t * block.XStride) + ((SplitsX ? 8 : 4) * (nint)k),
                XStride = block.XStride,
                Panel = weights,
                PanelBytes = block.PanelBytes,
                Count = count,
                Start = (float*)(goesOn ? sums : starts),
                StartStride = goesOn ? panels * StepBytes : 0,
                Y = (float*)sums,
                YStride = panels * StepBytes,

                // Two tiles ask for the next panel, a line in each of their steps; the others for their own, which is there. A tile
                // alone asks for both lines of a step; where x is split, for its own.
                Ahead = SplitsX && tiles == 1 ? weights + FetchAhead
                    : tile < 2 ? weights + block.PanelBytes + ((nint)tile * count * (StepBytes / 2)) : weights,
            };
            RunTile(&arguments, rows, alone: tiles == 1 && panels == PanelsFor(rows));
            if (last)
                Dequantize(block, first, t, rows, panel * Width, panels * Width, columns);
            else
                CachedRows.Copy(sums, panels * Width, (int*)y, block.YStride, rows, columns);
        }
    }

    // What sums of rows begin with, whatever the panel.
    private static void StartRows(in QuantBlock block, int t, int rows, int* sums)
    {
        for (var row = 0; row < rows; row++)
            new Span<int>(sums + (row * Width), Width).Fill(*(int*)(block.X + ((t + row) * block.XStride) + SplitX.SumAt(block.K)));
    }

    // The starts of neighbouring panels side by side.
    private static int* Starts(in QuantBlock block, byte* panel, int panels)
    {
        if (panels == 1)
            return I8Panel.Starts(panel, block.K);

        var starts = (int*)block.Scratch + SumInts;
        for (var p = 0; p < panels; p++)
        {
            new ReadOnlySpan<int>(I8Panel.Starts(panel + (p * block.PanelBytes), block.K), Width)
                .CopyTo(new Span<int>(starts + (p * Width), Width));
        }

        return starts;
    }

    private static void Dequantize(in QuantBlock block, byte* panel, int t, int rows, int column, nint stride, int columns)
    {
        // Past the caches go rows that are complete: they take the place of their sums first.
        var y = block.Y + (t * block.YStride) + column;
        var target = block.Streams ? block.Scratch : y;
        var targetStride = block.Streams ? stride : block.YStride;
        for (var at = 0; at < columns; at += Width, panel += block.PanelBytes)
        {
            Dequant.Rows(
                (int*)block.Scratch + at, stride, I8Panel.Scales(panel, block.K), block.XScales + t,
                block.Bias is null ? null : block.Bias + column + at,
                target + at, targetStride, rows, Math.Min(Width, columns - at));
        }

        if (block.Streams)
            StreamRows.Copy(target, targetStride, y, block.YStride, rows, columns);
    }
}
