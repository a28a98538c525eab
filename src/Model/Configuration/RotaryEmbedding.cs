using AkkaCp.Npu;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// cos and sin of rotary position embedding: angle(p, i) = p · ω_i, times the attention factor of yarn. Computed in double from
/// the absolute position, rounded once: a position's row never depends on the rows beside it. A table is the same numbers kept.
/// Letters: T rows, D head dimension.
/// </summary>
public sealed class RotaryEmbedding
{
    // 131072 positions of heads of 128. Behind them a row costs about a microsecond when asked for, of a step's milliseconds.
    private const long MaxTableBytes = 64L << 20;

    private readonly double[] _inverseFrequencies;
    private readonly double _attentionFactor;
    private readonly int _tablePositions;
    private readonly float[] _cosTable;
    private readonly float[] _sinTable;

    /// <summary>Prepares the frequencies, and a table of the first positions.</summary>
    /// <param name="config">Head dimension, base and scaling.</param>
    /// <param name="tablePositions">
    /// Positions that will be asked for: those that fit 64 MiB are kept, 4 · D bytes each, and others are computed when asked.
    /// </param>
    public RotaryEmbedding(ModelConfig config, int tablePositions = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tablePositions);
        (_inverseFrequencies, _attentionFactor) = RopeFrequencies.Compute(config);
        _tablePositions = (int)(TableBytesOf(config, tablePositions) / BytesPerPosition(config));
        _cosTable = new float[_tablePositions * _inverseFrequencies.Length];
        _sinTable = new float[_cosTable.Length];
        for (var position = 0; position < _tablePositions; position++)
            ComputeRow(position, TableRow(_cosTable, position), TableRow(_sinTable, position));
    }

    /// <summary>Bytes of the table that is made for so many positions.</summary>
    public static long TableBytesOf(ModelConfig config, int tablePositions)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Math.Min(tablePositions, MaxTableBytes / BytesPerPosition(config)) * BytesPerPosition(config);
    }

    /// <summary>ω_i in radians for each token, D/2 of them.</summary>
    public IReadOnlyList<double> InverseFrequencies => _inverseFrequencies;

    /// <summary>What cos and sin are multiplied with; 1 without yarn.</summary>
    public double AttentionFactor => _attentionFactor;

    /// <summary>Row t of both outputs becomes the angles of positions[t].</summary>
    /// <param name="positions">T absolute positions, none negative.</param>
    /// <param name="cos">[T, D/2] F32, dense.</param>
    /// <param name="sin">[T, D/2] F32, dense.</param>
    /// <exception cref="NpuShapeException">An output has another shape.</exception>
    public void Fill(ReadOnlySpan<int> positions, TensorView cos, TensorView sin)
    {
        RequireShape(nameof(cos), cos, positions.Length);
        RequireShape(nameof(sin), sin, positions.Length);
        using var cosRows = cos.MapWrite();
        using var sinRows = sin.MapWrite();
        var pairs = _inverseFrequencies.Length;
        for (var t = 0; t < positions.Length; t++)
            FillRow(positions[t], cosRows.F32.Slice(t * pairs, pairs), sinRows.F32.Slice(t * pairs, pairs));
    }

    private static long BytesPerPosition(ModelConfig config) => 2L * sizeof(float) * (config.HeadDim / 2);

    private void FillRow(int position, Span<float> cos, Span<float> sin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (position < _tablePositions)
        {
            TableRow(_cosTable, position).CopyTo(cos);
            TableRow(_sinTable, position).CopyTo(sin);
        }
        else
        {
            ComputeRow(position, cos, sin);
        }
    }

    private void ComputeRow(int position, Span<float> cos, Span<float> sin)
    {
        for (var i = 0; i < _inverseFrequencies.Length; i++)
        {
            var (sine, cosine) = Math.SinCos(position * _inverseFrequencies[i]);
            cos[i] = (float)(cosine * _attentionFactor);
            sin[i] = (float)(sine * _attentionFactor);
        }
    }

    private Span<float> TableRow(float[] table, int position) =>
        table.AsSpan(position * _inverseFrequencies.Length, _inverseFrequencies.Length);

    private void RequireShape(string name, TensorView view, int rows)
    {
        if (view.DType != DType.F32 || view.Rows != rows || view.RowLength != _inverseFrequencies.Length)
        {
            throw new NpuShapeException(
                nameof(RotaryEmbedding), name, $"F32[{rows}, {_inverseFrequencies.Length}]", $"{view.DType}{view}");
        }
    }
}
