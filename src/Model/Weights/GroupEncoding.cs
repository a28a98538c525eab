using System.Buffers;
using System.Numerics.Tensors;
using AkkaCp.Model.Gguf.Encoders;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

/// <summary>Rows of floats on their way into a matrix of <see cref="DType.Q4"/>: the codes and scales of llama.cpp's Q4_0.</summary>
/// <param name="format">Of that type.</param>
/// <param name="count">Values at most, whole blocks.</param>
internal sealed class GroupEncoding(GroupFormat format, int count) : IDisposable
{
    private static readonly EncodedType s_type = EncodedTypes.Q4_0;

    private readonly GroupStaging _staging = new(format, count);
    private readonly float[] _values = ArrayPool<float>.Shared.Rent(count);
    private readonly byte[] _blocks = ArrayPool<byte>.Shared.Rent((int)s_type.Type.Stored.BytesOf(0, count));

    /// <summary>Reads some rows of a slice and quantises them; what was there before is lost.</summary>
    /// <exception cref="ModelFormatException">A value is not finite, or so large that its scale would not be.</exception>
    public GroupRows Encode(IWeightSource files, TensorSlice slice, int row, int rows, Action<ReadOnlySpan<byte>> stored)
    {
        var values = _values.AsSpan(0, rows * slice.ColumnCount);
        files.ReadRows(slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, values, stored);
        if (!(MathF.Abs(TensorPrimitives.MaxMagnitude<float>(values)) <= s_type.Largest))
        {
            throw new ModelFormatException(
                files.Find(slice.Tensor)!.File, slice.Tensor, FormattableString.Invariant($"magnitudes up to {s_type.Largest} for int4"),
                FormattableString.Invariant($"{TensorPrimitives.MaxMagnitude<float>(values)} in rows from {slice.FirstRow + row} on"));
        }

        var blocks = _blocks.AsSpan(0, (int)s_type.Type.Stored.BytesOf(0, values.Length));
        s_type.Encode(values, blocks);
        var groups = _staging.Take(values.Length);
        s_type.Type.Unpack!(blocks, groups);
        return groups;
    }

    public void Dispose()
    {
        _staging.Dispose();
        ArrayPool<float>.Shared.Return(_values);
        ArrayPool<byte>.Shared.Return(_blocks);
    }
}
