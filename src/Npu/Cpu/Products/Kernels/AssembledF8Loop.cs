using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// <see cref="F8Loop"/> on tiles of <see cref="WordProduct.ScaledBF16"/>, which scale their sums in registers: passes over K in whole
/// scales, for each all panels; of a panel what stays in the caches is widened, then all tiles of rows go over it. t counts rows, k words.
/// </summary>
internal readonly unsafe ref struct AssembledF8Loop
{
    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int WordBytes = 2 * Width;

    // Words that are widened at once: for a tile in the first cache, for many rows in the second, beside them.
    private const int WordsOfOneTile = 2 * TileAssembler.ScaleWords;
    private const int WordsOfMany = AssembledBlocking.BlockWords;

    // Tiles take words in fours; what is missing is zero, in x and in weights.
    private const int WordsOfStep = 4;

    private readonly ref readonly MatMulBlock _block;
    private readonly ProductTiles _tiles;
    private readonly AssembledBlocking _blocking;
    private readonly int _words;

    /// <summary>Prepares one block, whose scratch is the blocking's and behind it the widened weights.</summary>
    public AssembledF8Loop(in MatMulBlock block, ProductTiles tiles, AssembledBlocking blocking)
    {
        _block = ref block;
        _tiles = tiles;
        _blocking = blocking;
        _words = (block.K + 1) / 2;
    }

    /// <summary>Floats of the widened weights.</summary>
    public static int WideFloats => WordsOfMany * Width;

    private int TileCount => (_block.Rows + _tiles.MaxRows - 1) / _tiles.MaxRows;

    private float* Edge => _block.Scratch + (_blocking.PackedBytes / sizeof(float));

    private ushort* Wide => (ushort*)(_block.Scratch + _blocking.ScratchFloats);

    /// <summary>Computes the block.</summary>
    public void Run()
    {
        var most = Math.Max(1, _blocking.WordsFor(_block.Rows, _words) / TileAssembler.ScaleWords) * TileAssembler.ScaleWords;
        for (var k = 0; k < _words; k += most)
        {
            var count = Math.Min(most, _words - k);
            if (!_block.RowsPacked || count < _words)
                PackRows(k, count);

            for (var panel = 0; panel < _block.Panels; panel++)
                RunPanel(panel, k, count);
        }
    }

    private void PackRows(int k, int count)
    {
        new AssembledRows(_block, pairs: true).Pack(k, count);
        var missing = InSteps(count) - count;
        for (var t = 0; missing > 0 && t < _block.Rows; t++)
            new Span<uint>((byte*)_block.Scratch + ((nint)t * AssembledBlocking.RowBytes(count)) + (4 * count), missing).Clear();
    }

    private void RunPanel(int panel, int k, int count)
    {
        var column = panel * Width;
        var columns = Math.Min(Width, _block.Columns - column);
        if (k == 0)
            Start(column, columns);

        var atOnce = TileCount == 1 ? WordsOfOneTile : WordsOfMany;
        for (var at = 0; at < count; at += atOnce)
            RunWords(panel, k, at, Math.Min(atOnce, count - at), count, columns);
    }

    private void Start(int column, int columns)
    {
        for (var t = 0; t < _block.Rows; t++)
        {
            var y = new Span<float>(_block.Y + (t * _block.YStride) + column, columns);
            if (_block.Bias is null)
                y.Clear();
            else
                new ReadOnlySpan<float>(_block.Bias + column, columns).CopyTo(y);
        }
    }

    // Words at .. at+words-1 of a pass of count words from k on.
    private void RunWords(int panel, int k, int at, int words, int count, int columns)
    {
        var codes = _block.Panel + (panel * _block.PanelBytes);
        var scales = codes + F8Panel.CodeBytes(_block.K, BF16Packing.Pairs) + ((k + at) / TileAssembler.ScaleWords * Width * sizeof(float));
        F8.ToBF16(codes + ((nint)(k + at) * WordBytes), words * WordBytes, Wide);
        new Span<uint>(Wide + (words * WordBytes), (InSteps(words) - words) * Width).Clear();
        for (var tile = 0; tile < TileCount; tile++)
        {
            var t = _block.Rows * tile / TileCount;
            var rows = (_block.Rows * (tile + 1) / TileCount) - t;
            var arguments = new TileArguments
            {
                X = (byte*)_block.Scratch + ((nint)t * AssembledBlocking.RowBytes(count)) + (4 * at),
                XStride = AssembledBlocking.RowBytes(count),
                Panel = (byte*)Wide,
                Count = InSteps(words),
                Ahead = scales,
            };
            RunTile(&arguments, rows, _block.Y + (t * _block.YStride) + (panel * Width), columns);
        }
    }

    private void RunTile(TileArguments* arguments, int rows, float* y, int columns)
    {
        var isEdge = columns < Width;
        if (isEdge)
            CachedRows.Copy(y, _block.YStride, Edge, Width, rows, columns);

        arguments->Y = isEdge ? Edge : y;
        arguments->YStride = (isEdge ? Width : _block.YStride) * sizeof(float);
        _tiles.Run(arguments, rows, alone: false);
        if (isEdge)
            CachedRows.Copy(Edge, Width, y, _block.YStride, rows, columns);
    }

    private static int InSteps(int words) => (words + WordsOfStep - 1) / WordsOfStep * WordsOfStep;
}
