using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>The loops around the tiles: blocks of K in order, for each all panels, for each all tiles of rows.</summary>
internal static unsafe class MatMulLoop<TSimd, TVector, TPanel>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TPanel : struct, IPanel<TVector>
{
    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int Tall = 12;
    private const int Wide = 4;

    // Inputs of four panels (512 × 128 × 4 B = 256 KiB) that narrow vectors pass over several times.
    private const int NarrowStep = 512;

    // 24 accumulators need 32 registers, which narrow vectors have too where the processor knows AVX-512.
    private static bool HasTallTiles => Vector512.IsHardwareAccelerated || AdvSimd.Arm64.IsSupported;

    /// <summary>Computes the block.</summary>
    public static void Compute(in MatMulBlock block)
    {
        if (block.Rows == 1)
        {
            ComputeRow(block);
            return;
        }

        var step = MatMul.StepFor(block.Rows);
        for (var k = 0; k < block.K; k += step)
        {
            var count = Math.Min(step, block.K - k);
            if (!block.RowsPacked || count < block.K)
                PackAll(block, k, count);

            for (var panel = 0; panel < block.Panels; panel++)
                ComputePanel(block, panel, k, count);
        }
    }

    private static void PackAll(in MatMulBlock block, int k, int count)
    {
        for (int row = 0, height; row < block.Rows; row += height)
        {
            height = TileHeight(block.Rows - row);
            PackRows.Tile(block, row, Math.Min(height, block.Rows - row), k, count, block.Scratch + ((nint)row * count), height);
        }
    }

    // The tiles of a block are all of one height but the last, so that tile starts are row numbers times count.
    private static int TileHeight(int rowsLeft) =>
        !HasTallTiles ? 4 : rowsLeft > 8 ? Tall : rowsLeft > 4 ? 8 : 4;

    private static void ComputePanel(in MatMulBlock block, int panel, int k, int count)
    {
        var weights = block.Panel + (panel * block.PanelBytes) + ((nint)k * TPanel.RowBytes);
        var column = panel * Width;
        var columns = Math.Min(Width, block.Columns - column);
        var ahead = weights + block.PanelBytes;
        var fetched = 0;
        for (int row = 0, height; row < block.Rows; row += height)
        {
            height = TileHeight(block.Rows - row);
            var rows = Math.Min(height, block.Rows - row);
            var x = block.Scratch + ((nint)row * count);
            var y = block.Y + (row * block.YStride) + column;
            var start = k > 0 ? y : Zeros(block);
            var startStride = k > 0 ? block.YStride : 0;
            if (k == 0 && block.Bias is not null)
                start = block.Bias + column;

            if (rows == height && columns == Width)
            {
                ComputeTile(height, x, weights, ahead, count, start, startStride, y, block.YStride);
            }
            else
            {
                var edge = Edge(block);
                CachedRows.Copy(start, startStride, edge, Width, rows, columns);
                ComputeTile(height, x, weights, ahead, count, edge, Width, edge, Width);
                CachedRows.Copy(edge, Width, y, block.YStride, rows, columns);
            }

            // A tile fetches one line of the next panel for each k; once all of them are asked for, the panel itself, which is there.
            fetched += 64;
            ahead = fetched < TPanel.RowBytes ? weights + block.PanelBytes + (fetched * (nint)count) : weights;
        }
    }

    private static void ComputeTile(
        int height, float* x, byte* panel, byte* ahead, int count, float* start, nint startStride, float* y, nint yStride)
    {
        for (var lane = 0; lane < Width / 2; lane += TSimd.Count)
        {
            switch (height)
            {
                case Tall:
                    MatMulTile<TSimd, TVector, TPanel>.Rows12(
                        x, panel, ahead, count, start + lane, startStride, y + lane, yStride, lane);
                    break;
                case 8:
                    MatMulTile<TSimd, TVector, TPanel>.Rows8(
                        x, panel, ahead, count, start + lane, startStride, y + lane, yStride, lane);
                    break;
                default:
                    MatMulTile<TSimd, TVector, TPanel>.Rows4(
                        x, panel, ahead, count, start + lane, startStride, y + lane, yStride, lane);
                    break;
            }
        }
    }

    private static void ComputeRow(in MatMulBlock block)
    {
        var step = TSimd.Count == Width / 2 ? block.K : NarrowStep;
        for (int panel = 0, panels; panel < block.Panels; panel += panels)
        {
            panels = block.Panels - panel >= Wide ? Wide : 1;
            for (var k = 0; k < block.K; k += step)
                ComputePanelsOfRow(block, panel, panels, k, Math.Min(step, block.K - k));
        }
    }

    private static void ComputePanelsOfRow(in MatMulBlock block, int panel, int panels, int k, int count)
    {
        var weights = block.Panel + (panel * block.PanelBytes) + ((nint)k * TPanel.RowBytes);
        var column = panel * Width;
        var columns = Math.Min(panels * Width, block.Columns - column);
        var y = block.Y + column;
        var start = k > 0 ? y : block.Bias is not null ? block.Bias + column : Zeros(block);
        if (columns == panels * Width)
        {
            ComputeRowTile(panels, block.Row(0) + k, weights, block.PanelBytes, count, start, y);
        }
        else
        {
            var edge = Edge(block);
            CachedRows.Copy(start, 0, edge, 0, 1, columns);
            ComputeRowTile(panels, block.Row(0) + k, weights, block.PanelBytes, count, edge, edge);
            CachedRows.Copy(edge, 0, y, 0, 1, columns);
        }
    }

    private static void ComputeRowTile(int panels, float* x, byte* panel, nint panelBytes, int count, float* start, float* y)
    {
        for (var lane = 0; lane < Width / 2; lane += TSimd.Count)
        {
            if (panels == Wide)
                MatMulRow<TSimd, TVector, TPanel>.Panels4(x, panel, panelBytes, count, start + lane, y + lane, lane);
            else
                MatMulRow<TSimd, TVector, TPanel>.Panels1(x, panel, count, start + lane, y + lane, lane);
        }
    }

    private static float* Edge(in MatMulBlock block) => block.Scratch + MatMul.PackedFloats;

    private static float* Zeros(in MatMulBlock block) => block.Scratch + MatMul.PackedFloats + MatMul.EdgeFloats;
}
