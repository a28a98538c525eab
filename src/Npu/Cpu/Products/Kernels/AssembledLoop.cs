using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// The loops around assembled tiles: passes over K in order, for each all panels, for each all tiles of rows. A pass starts with the
/// sums that the last one stored, so cutting K changes no bit. t counts rows, k words.
/// </summary>
internal readonly unsafe ref struct AssembledLoop
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    private readonly ref readonly MatMulBlock _block;
    private readonly ProductTiles _tiles;
    private readonly AssembledBlocking _blocking;
    private readonly bool _pairs;
    private readonly int _words;

    /// <summary>Prepares one block; <paramref name="pairs"/> when a word is two BF16 values, else it is an F32.</summary>
    public AssembledLoop(in MatMulBlock block, ProductTiles tiles, AssembledBlocking blocking, bool pairs)
    {
        _block = ref block;
        _tiles = tiles;
        _blocking = blocking;
        _pairs = pairs;
        _words = pairs ? (block.K + 1) / 2 : block.K;
    }

    // Tiles of a block differ by one row at most: none is so small that its panel is read for next to nothing.
    private int TileCount => (_block.Rows + _tiles.MaxRows - 1) / _tiles.MaxRows;

    private byte* Packed => (byte*)_block.Scratch;

    private float* Edge => (float*)(Packed + _blocking.PackedBytes);

    private float* Zeros => Edge + _blocking.EdgeFloats;

    /// <summary>Computes the block.</summary>
    public void Run()
    {
        var most = _blocking.WordsFor(_block.Rows, _words);
        for (var k = 0; k < _words; k += most)
        {
            var count = Math.Min(most, _words - k);
            if (!_block.RowsPacked || count < _words)
                new AssembledRows(_block, _pairs).Pack(k, count);

            RunPass(k, count);
        }
    }

    private void RunPass(int k, int count)
    {
        var together = _tiles.PanelsFor(_block.Rows);
        for (int panel = 0, panels; panel < _block.Panels; panel += panels)
        {
            panels = _block.Panels - panel >= together ? together : 1;
            RunPanels(panel, panels, k, count);
        }
    }

    private void RunPanels(int panel, int panels, int k, int count)
    {
        var tiles = TileCount;
        var columns = Math.Min(panels * Width, _block.Columns - (panel * Width));
        var weights = _block.Panel + (panel * _block.PanelBytes) + ((nint)k * _tiles.StepBytes);
        for (var tile = 0; tile < tiles; tile++)
        {
            var t = _block.Rows * tile / tiles;
            var rows = (_block.Rows * (tile + 1) / tiles) - t;
            var arguments = new TileArguments
            {
                X = Packed + ((nint)t * AssembledBlocking.RowBytes(count)),
                XStride = AssembledBlocking.RowBytes(count),
                Panel = weights,
                PanelBytes = _block.PanelBytes,
                Count = count,
                Ahead = Ahead(weights, tile, count),
            };
            RunTile(ref arguments, rows, panels, t, panel * Width, columns, (k > 0, k + count == _words));
        }
    }

    // Two tiles ask for the next panel, a line in each of their steps; the others for their own, which is there. A tile alone asks for
    // both lines of a step.
    private byte* Ahead(byte* weights, int tile, int count) =>
        tile < 2 ? weights + _block.PanelBytes + ((nint)tile * count * (_tiles.StepBytes / 2)) : weights;

    private void RunTile(ref TileArguments arguments, int rows, int panels, int t, int column, int columns, (bool GoesOn, bool Last) pass)
    {
        var y = _block.Y + (t * _block.YStride) + column;
        var start = pass.GoesOn ? y : _block.Bias is null ? Zeros : _block.Bias + column;
        var startStride = pass.GoesOn ? _block.YStride : 0;
        if (columns == panels * Width)
        {
            var streams = _block.Streams && pass.Last;
            var target = streams ? Edge : y;
            Call(ref arguments, rows, panels, start, startStride, target, streams ? columns : _block.YStride);
            if (streams)
                StreamRows.Copy(Edge, columns, y, _block.YStride, rows, columns);

            return;
        }

        CachedRows.Copy(start, startStride, Edge, panels * Width, rows, columns);
        Call(ref arguments, rows, panels, Edge, panels * Width, Edge, panels * Width);
        CachedRows.Copy(Edge, panels * Width, y, _block.YStride, rows, columns);
    }

    private void Call(ref TileArguments arguments, int rows, int panels, float* start, nint startStride, float* y, nint yStride)
    {
        var alone = TileCount == 1 && panels == _tiles.PanelsFor(rows);
        arguments.Start = start;
        arguments.StartStride = startStride * sizeof(float);
        arguments.Y = y;
        arguments.YStride = yStride * sizeof(float);
        fixed (TileArguments* pointer = &arguments)
            _tiles.Run(pointer, rows, alone);
    }
}
