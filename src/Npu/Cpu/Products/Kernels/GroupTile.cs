using System.Numerics;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Tiles of weights with groups in C#: what <see cref="GroupKernels"/> defines, step by step. The codes of 32 inputs are spread to a byte
/// each once for all rows of the tile; b counts blocks, t rows.
/// </summary>
internal sealed unsafe class GroupTile<TSimd, TVector>(GroupLayout layout) : ProductTiles
    where TSimd : struct, IByteSimd<TVector>
    where TVector : struct
{
    private const int Width = CpuPackedMatrix.PanelWidth;
    private const int CodeWords = GroupLayout.CodeInputs / 4;

    /// <inheritdoc/>
    public override int MaxRows => 6;

    /// <inheritdoc/>
    public override int StepBytes => layout.BlockBytes;

    private int GroupWords => layout.Format.GroupInputs / 4;

    /// <inheritdoc/>
    public override int PanelsFor(int rows) => 1;

    /// <inheritdoc/>
    public override void Run(TileArguments* tile, int rows, bool alone)
    {
        for (var t = 0; t < rows; t++)
            new ReadOnlySpan<float>(tile->Start, Width).CopyTo(new Span<float>(Y(tile, t), Width));

        var codes = stackalloc int[CodeWords * Width];
        var sums = stackalloc int[rows * Width];
        for (var b = 0; b < tile->Count; b++)
        {
            var block = tile->Panel + ((nint)b * layout.BlockBytes);
            if (layout.Groups == 0)
                ScaledGroups(tile, rows, b, block, codes, sums);
            else
                IntegerGroups(tile, rows, b, block, codes, sums);
        }
    }

    private void ScaledGroups(TileArguments* tile, int rows, int b, byte* block, int* codes, int* sums)
    {
        for (var group = 0; group < layout.CodeGroups; group++)
        {
            var number = (layout.CodeGroups * b) + group;
            GroupCodes.Spread(layout, block, group, (uint*)codes);
            for (var t = 0; t < rows; t++)
            {
                var record = Record(tile, t, number);
                StartSums(block, *(int*)(record + GroupLayout.StartAt), sums);
                Dot(codes, X(tile, t) + (CodeWords * number), CodeWords, sums);
                GroupFloats.AddScaled(Y(tile, t), sums, (ushort*)(block + layout.ScalesStart), *(float*)record);
                if (layout.Format.HasMins)
                    GroupFloats.AddMins(Y(tile, t), (ushort*)(block + layout.MinsStart), *(float*)(record + GroupLayout.ScaledSumAt));
            }
        }
    }

    private void StartSums(byte* block, int start, int* sums)
    {
        for (var lane = 0; lane < Width; lane++)
            sums[lane] = layout.Format.HasZeros ? block[layout.ZerosStart + lane] * start : start;
    }

    private void IntegerGroups(TileArguments* tile, int rows, int b, byte* block, int* codes, int* sums)
    {
        new Span<int>(sums, rows * Width).Clear();
        for (var group = 0; group < layout.CodeGroups; group++)
        {
            GroupCodes.Spread(layout, block, group, (uint*)codes);
            for (var t = 0; t < rows; t++)
            {
                var x = X(tile, t) + (CodeWords * ((layout.CodeGroups * b) + group));
                var starts = layout.Format.HasMins ? null : (int*)(Record(tile, t, b) + GroupLayout.StartsAt);
                for (var word = 0; word < CodeWords; word += GroupWords)
                {
                    var number = ((CodeWords * group) + word) / GroupWords;
                    AddGroup(block, number, codes + (word * Width), x + word, starts is null ? 0 : starts[number], sums + (t * Width));
                }
            }
        }

        for (var t = 0; t < rows; t++)
        {
            var record = Record(tile, t, b);
            GroupFloats.AddScaled(Y(tile, t), sums + (t * Width), (ushort*)(block + layout.ScalesStart), *(float*)record);
            if (!layout.Format.HasMins)
                continue;

            SumMins(block + layout.GroupMinsStart, (short*)(record + GroupLayout.PairSumsAt), codes);

            // -float(M) of a sum of zero is -0, which no integer is.
            GroupFloats.AddScaled(Y(tile, t), codes, (ushort*)(block + layout.MinsStart), -*(float*)record);
        }
    }

    // sums += scale of the group · its products.
    private void AddGroup(byte* block, int group, int* codes, int* x, int start, int* sums)
    {
        var dots = stackalloc int[Width];
        new Span<int>(dots, Width).Fill(start);
        Dot(codes, x, GroupWords, dots);

        // Scales that minimums stand beside are below 64.
        var scales = (sbyte*)block + layout.GroupScalesStart + (group * Width);
        for (var lane = 0; lane < Width; lane++)
            sums[lane] += scales[lane] * dots[lane];
    }

    private void SumMins(byte* mins, short* xSums, int* sums)
    {
        for (var lane = 0; lane < Width; lane++)
        {
            var sum = 0;
            for (var group = 0; group < layout.Groups; group++)
                sum += mins[(group / 2 * 2 * Width) + (2 * lane) + (group % 2)] * xSums[group];

            sums[lane] = sum;
        }
    }

    // sums += the products of some words.
    private static void Dot(int* codes, int* x, int words, int* sums)
    {
        for (var lane = 0; lane < Width; lane += TSimd.Count)
        {
            var sum = TSimd.Load(sums + lane);
            for (var word = 0; word < words; word++)
            {
                TVector w = TSimd.Load(codes + (word * Width) + lane), bytes = TSimd.Create(x[word]);
                sum = TSimd.AddPairs(sum, TSimd.EvenUnsigned(w), TSimd.EvenSigned(bytes));
                sum = TSimd.AddPairs(sum, TSimd.OddUnsigned(w), TSimd.OddSigned(bytes));
            }

            TSimd.Store(sum, sums + lane);
        }
    }

    private static int* X(TileArguments* tile, int t) => (int*)(tile->X + (t * tile->XStride));

    private static float* Y(TileArguments* tile, int t) => (float*)((byte*)tile->Y + (t * tile->YStride));

    private byte* Record(TileArguments* tile, int t, int number) =>
        tile->Side + (t * tile->XStride) + ((nint)number * layout.RecordBytes);
}

/// <summary>The float part of a block: all outputs of a panel, one row.</summary>
internal static unsafe class GroupFloats
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    // 2¹¹²: what a half's exponent lacks when its bits stand in a float's place.
    private const float HalfBias = 5.192296858534828e33f;

    /// <summary>y = fma(float(sum), scale · d, y).</summary>
    public static void AddScaled(float* y, int* sums, ushort* d, float scale)
    {
        for (var lane = 0; lane < Width; lane += Vector<float>.Count)
        {
            var factor = Halves(d + lane) * new Vector<float>(scale);
            var sum = Vector.ConvertToSingle(Vector.Load(sums + lane));
            Vector.FusedMultiplyAdd(sum, factor, Vector.Load(y + lane)).Store(y + lane);
        }
    }

    /// <summary>y = fma(m, scaled sum of x, y).</summary>
    public static void AddMins(float* y, ushort* m, float scaledSum)
    {
        for (var lane = 0; lane < Width; lane += Vector<float>.Count)
            Vector.FusedMultiplyAdd(Halves(m + lane), new Vector<float>(scaledSum), Vector.Load(y + lane)).Store(y + lane);
    }

    // binary16 as floats, exact; none is infinite.
    private static Vector<float> Halves(ushort* halves)
    {
        var bits = stackalloc uint[Vector<uint>.Count];
        for (var i = 0; i < Vector<uint>.Count; i++)
            bits[i] = halves[i];

        var wide = Vector.Load(bits);
        var magnitude = Vector.AsVectorSingle((wide & new Vector<uint>(0x7FFF)) << 13) * new Vector<float>(HalfBias);
        return Vector.AsVectorSingle(Vector.AsVectorUInt32(magnitude) | ((wide & new Vector<uint>(0x8000)) << 16));
    }
}
