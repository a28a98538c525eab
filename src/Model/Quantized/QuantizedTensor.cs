using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Quantized;

/// <summary>
/// A quantised matrix under its plain name: (code − zero point) · scale, which is what is read of it, as F32, rounded once.
/// </summary>
/// <param name="Name">Name of the matrix.</param>
/// <param name="File">Path of the file that holds its codes.</param>
/// <param name="Type">How it is quantised; elements are the values.</param>
/// <param name="Shape">Outputs and inputs.</param>
internal sealed record QuantizedTensor(string Name, string File, WeightType Type, IReadOnlyList<long> Shape)
    : WeightTensor(Name, File, Type, Shape)
{
    /// <summary>Tensors of the files that it is made of.</summary>
    public required IReadOnlyList<WeightTensor> Parts { get; init; }

    /// <summary>[outputs, inputs].</summary>
    public required StoredCodes Codes { get; init; }

    /// <summary>[outputs, groups].</summary>
    public required StoredFloats Scales { get; init; }

    /// <summary>[outputs, groups]; null = all are 0.</summary>
    public StoredMatrix? Zeros { get; init; }

    /// <summary>Groups of a row.</summary>
    public required long Groups { get; init; }

    /// <summary>Inputs that lie side by side in a group.</summary>
    public required long GroupSize { get; init; }

    /// <summary>Tensor with the group of each input, or null: then they lie in order.</summary>
    public string? GroupIndex { get; init; }

    /// <summary>Whether an index of nothing but −1 means that groups lie in order.</summary>
    public bool IndexMayBeUnset { get; init; }

    /// <inheritdoc/>
    public override bool IsQuantised => true;

    /// <inheritdoc/>
    public override long StoredBytes => Parts.Sum(part => part.StoredBytes);

    /// <inheritdoc/>
    public override long PackedBytesOf(long first, int count) => QuantizedCodes.BytesOf(Type.Packed!.Value, count);

    /// <summary>Reads the values of a rectangle, row by row.</summary>
    /// <exception cref="ModelFormatException">
    /// A value is not finite, an input's group does not exist, or a file changed its length.
    /// </exception>
    public void Read(IWeightSource files, Rectangle part, Span<float> destination)
    {
        if (part.Count == 0)
            return;
        Codes.Read(files, part, destination);
        RequireFinite(destination, part, "codes that are numbers");
        var index = GroupIndex is null ? null : ReadIndex(files);
        var first = index is null ? part.FirstColumn / GroupSize : 0;
        var groups = index is null ? (int)(((part.FirstColumn + part.Columns - 1) / GroupSize) - first) + 1 : (int)Groups;
        var rectangle = new Rectangle(part.FirstRow, part.Rows, first, groups);
        var scales = ArrayPool<float>.Shared.Rent(rectangle.Count);
        var zeros = Zeros is null ? null : ArrayPool<float>.Shared.Rent(rectangle.Count);
        try
        {
            Scales.Read(files, rectangle, scales.AsSpan(0, rectangle.Count));
            RequireFinite(scales.AsSpan(0, rectangle.Count), rectangle, "finite scales");
            Zeros?.Read(files, rectangle, zeros.AsSpan(0, rectangle.Count));
            for (var row = 0; row < part.Rows; row++)
            {
                var values = destination.Slice(row * part.Columns, part.Columns);
                var rowScales = scales.AsSpan(row * groups, groups);
                var rowZeros = zeros is null ? default : zeros.AsSpan(row * groups, groups);
                if (index is null)
                    ScaleRuns(values, part.FirstColumn, first, rowScales, rowZeros);
                else
                    ScaleEach(values, index.AsSpan((int)part.FirstColumn, part.Columns), rowScales, rowZeros);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scales);
            if (zeros is not null)
                ArrayPool<float>.Shared.Return(zeros);
        }

        RequireFinite(destination, part, "finite values");
    }

    private void ScaleRuns(Span<float> values, long firstColumn, long firstGroup, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros)
    {
        for (var group = 0; group < scales.Length; group++)
        {
            var begin = (int)Math.Max(((firstGroup + group) * GroupSize) - firstColumn, 0);
            var end = (int)Math.Min(((firstGroup + group + 1) * GroupSize) - firstColumn, values.Length);
            var run = values[begin..end];
            if (!zeros.IsEmpty)
                TensorPrimitives.Subtract(run, zeros[group], run);
            TensorPrimitives.Multiply(run, scales[group], run);
        }
    }

    private static void ScaleEach(Span<float> values, ReadOnlySpan<int> groups, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = (zeros.IsEmpty ? values[i] : values[i] - zeros[groups[i]]) * scales[groups[i]];
    }

    /// <summary>The group of each input; null where none is said.</summary>
    public int[]? ReadIndex(IWeightSource files)
    {
        var index = new int[Columns];
        files.ReadStored(GroupIndex!, 0, 1, 0, index.Length, MemoryMarshal.AsBytes(index.AsSpan()));
        if (IndexMayBeUnset && index.AsSpan().IndexOfAnyExcept(-1) < 0)
            return null;
        var wrong = Array.FindIndex(index, group => group < 0 || group >= Groups);
        return wrong < 0 ? index : throw new ModelFormatException(
            files.Find(GroupIndex!)!.File, GroupIndex!, $"groups from 0 to {Groups - 1}", $"{index[wrong]} for input {wrong}");
    }

    /// <exception cref="ModelFormatException">A value is not finite.</exception>
    public void RequireFinite(ReadOnlySpan<float> values, Rectangle part, string expected)
    {
        if (TensorPrimitives.IsFiniteAll(values))
            return;
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ModelFormatException(
                    File, Name, expected, FormattableString.Invariant($"{values[i]} in row {part.FirstRow + (i / part.Columns)}"));
            }
        }
    }
}
