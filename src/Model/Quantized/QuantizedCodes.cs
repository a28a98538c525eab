using System.Buffers;
using System.Runtime.InteropServices;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Quantized;

/// <summary>Reads quantised matrices as packed forms have them: codes of a byte, and scales of the form's own groups.</summary>
internal static class QuantizedCodes
{
    private const byte NoNumber = 0x7F;

    // Scales that are looked at together.
    private const int MostScales = 1 << 16;

    /// <summary>The packed type that keeps a matrix as it is: inputs in the order of their groups, and scales that the form has.</summary>
    public static DType? TypeOf(IWeightSource files, QuantizedTensor tensor) => tensor.Type.Packed is { } packed
        && (GroupFormat.Of(packed) is null || (IsInOrder(files, tensor) && HasHalves(files, tensor))) ? packed : null;

    /// <summary>Bytes of a row's codes and scales.</summary>
    public static long BytesOf(DType packed, int columns) => GroupFormat.Of(packed) is { } format
        ? columns + (columns / format.BlockInputs * (sizeof(ushort) + 1L))
        : columns + (packed.ScalesOf(columns) * (long)sizeof(float));

    /// <summary>Codes without a sign, with a scale and a zero for each block.</summary>
    /// <exception cref="ModelFormatException">A scale or a zero that the form has not, or a file changed its length.</exception>
    public static void ReadGroups(
        IWeightSource files, QuantizedTensor tensor, GroupFormat format, Rectangle part, GroupRows destination,
        Action<ReadOnlySpan<byte>>? stored)
    {
        if (part.Count == 0)
            return;
        tensor.Codes.ReadCodes(files, part, destination.Codes);
        var blocks = part.Columns / format.BlockInputs;
        var groups = GroupsOf(tensor, part);
        var numbers = ArrayPool<float>.Shared.Rent(2 * groups.Count);
        var (scales, zeros) = (numbers.AsMemory(0, groups.Count), numbers.AsMemory(groups.Count, groups.Count));
        try
        {
            tensor.Scales.Read(files, groups, scales.Span);
            zeros.Span.Clear();
            tensor.Zeros?.Read(files, groups, zeros.Span);
            for (var i = 0; i < destination.Scales.Length; i++)
            {
                var (row, block) = Math.DivRem(i, blocks);
                var group = ((part.FirstColumn + (block * format.BlockInputs)) / tensor.GroupSize) - groups.FirstColumn;
                var at = (row * groups.Columns) + (int)group;
                destination.Scales[i] = HalfOf(tensor, part.FirstRow + row, scales.Span[at]);
                destination.Zeros[i] = ZeroOf(tensor, format, part.FirstRow + row, zeros.Span[at] + tensor.Codes.Offset);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(numbers);
        }

        for (var row = 0; stored is not null && row < part.Rows; row++)
        {
            stored(destination.Codes.Slice(row * part.Columns, part.Columns));
            stored(MemoryMarshal.AsBytes(destination.Scales.Slice(row * blocks, blocks)));
            stored(destination.Zeros.Slice(row * blocks, blocks));
        }
    }

    /// <summary>Codes as they are, with F32 scales.</summary>
    /// <exception cref="ModelFormatException">A code is no number, a scale is not finite, or a file changed its length.</exception>
    public static void ReadScaled(
        IWeightSource files, QuantizedTensor tensor, DType packed, Rectangle part, Span<byte> codes, Span<float> scales,
        Action<ReadOnlySpan<byte>>? stored)
    {
        if (part.Count == 0)
            return;
        tensor.Codes.ReadCodes(files, part, codes);
        if (packed == DType.F8 && codes.IndexOfAny(NoNumber, (byte)(NoNumber | 0x80)) is >= 0 and var wrong)
            throw Wrong(tensor, "codes that are numbers", "NaN", part.FirstRow + (wrong / part.Columns));
        var ofRow = packed.ScalesOf(part.Columns);
        var groups = GroupsOf(tensor, part);
        var rented = ArrayPool<float>.Shared.Rent(groups.Count);
        var numbers = rented.AsSpan(0, groups.Count);
        tensor.Scales.Read(files, groups, numbers);
        tensor.RequireFinite(numbers, groups, "finite scales");
        for (var i = 0; i < scales.Length; i++)
        {
            var (row, run) = Math.DivRem(i, ofRow);
            var group = ((part.FirstColumn + (run * DTypes.F8Inputs)) / tensor.GroupSize) - groups.FirstColumn;
            scales[i] = numbers[(row * groups.Columns) + (int)group];
        }

        ArrayPool<float>.Shared.Return(rented);
        for (var row = 0; stored is not null && row < part.Rows; row++)
        {
            stored(codes.Slice(row * part.Columns, part.Columns));
            stored(MemoryMarshal.AsBytes(scales.Slice(row * ofRow, ofRow)));
        }
    }

    private static bool IsInOrder(IWeightSource files, QuantizedTensor tensor)
    {
        if (tensor.GroupIndex is null || tensor.ReadIndex(files) is not { } index)
            return true;
        for (var input = 0; input < index.Length; input++)
        {
            if (index[input] != input / tensor.GroupSize)
                return false;
        }

        return true;
    }

    /// <summary>Whether binary16 has all scales.</summary>
    private static bool HasHalves(IWeightSource files, QuantizedTensor tensor)
    {
        if (tensor.Scales.AreHalves(files))
            return true;
        var rowsAtOnce = (int)Math.Clamp(MostScales / tensor.Groups, 1, tensor.Rows);
        var scales = new float[rowsAtOnce * tensor.Groups];
        for (long row = 0; row < tensor.Rows; row += rowsAtOnce)
        {
            var part = new Rectangle(row, (int)Math.Min(rowsAtOnce, tensor.Rows - row), 0, (int)tensor.Groups);
            tensor.Scales.Read(files, part, scales.AsSpan(0, part.Count));
            foreach (var scale in scales.AsSpan(0, part.Count))
            {
                if ((float)(Half)scale != scale)
                    return false;
            }
        }

        return true;
    }

    /// <summary>The groups that some columns are in.</summary>
    private static Rectangle GroupsOf(QuantizedTensor tensor, Rectangle part)
    {
        var first = part.FirstColumn / tensor.GroupSize;
        return new Rectangle(
            part.FirstRow, part.Rows, first, (int)(((part.FirstColumn + part.Columns - 1) / tensor.GroupSize) - first) + 1);
    }

    private static ushort HalfOf(QuantizedTensor tensor, long row, float scale) => float.IsFinite(scale) && (float)(Half)scale == scale
        ? BitConverter.HalfToUInt16Bits((Half)scale)
        : throw Wrong(tensor, "finite scales that binary16 has", scale, row);

    private static byte ZeroOf(QuantizedTensor tensor, GroupFormat format, long row, float zero)
    {
        var most = format.CodeBits == 8 ? byte.MaxValue : 1 << format.CodeBits;
        return zero >= 0 && zero <= most
            ? (byte)zero
            : throw Wrong(tensor, $"zero points from 0 to {most}, or dtype bfloat16 or float32", zero, row);
    }

    private static ModelFormatException Wrong(QuantizedTensor tensor, string expected, object found, long row) =>
        new(tensor.File, tensor.Name, expected, FormattableString.Invariant($"{found} in row {row}"));
}
