using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.ExceptionServices;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>
/// Makes a GGUF file of a model. All processors encode rows and write them where they belong; each holds some rows only, so that memory
/// does not grow with the model.
/// </summary>
internal sealed class GgufExport : IDisposable
{
    private const int ValuesAtOnce = 1 << 18;

    private readonly GgufSource _source;
    private readonly IReadOnlyList<WrittenTensor> _tensors;
    private readonly GgufWriter _writer;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly long _bytesTotal;
    private readonly Lock _gate = new();
    private long _bytesDone;

    private GgufExport(string path, GgufSource source, GgufMix mix, IProgress<LoadProgress>? progress)
    {
        (_source, _progress) = (source, progress);
        _tensors = WrittenTensor.All(source.Config, mix);
        _bytesTotal = _tensors.Sum(tensor => tensor.Bytes);
        var keys = new GgufKeyBytes();
        GgufModelKeys.Write(keys, source.Files.Name, source.Config, mix, source.Sampling);
        GgufTokenizerKeys.Write(keys, source.Files, source.Config.VocabSize, source.Ends);
        _writer = new GgufWriter(path, keys, _tensors);
    }

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="overwrite">Whether a file that is there is replaced.</param>
    /// <param name="source">The model.</param>
    /// <param name="mix">Which types its tensors get.</param>
    /// <param name="progress">Told now and then; null = nobody.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is left of the file.</param>
    /// <exception cref="ModelFormatException">A weight is not finite or too large for the type, or the files are malformed.</exception>
    /// <exception cref="Configuration.ModelConfigException">The model computes what a GGUF file cannot say.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path, bool overwrite, GgufSource source, GgufMix mix, IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        using var export = new GgufExport(path, source, mix, progress);
        export.Encode(cancellationToken);
        export._writer.Complete(overwrite);
    }

    public void Dispose() => _writer.Dispose();

    private void Encode(CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        try
        {
            Parallel.ForEach(
                Partitioner.Create(Slabs(), EnumerablePartitionerOptions.NoBuffering), options, () => new Buffers(),
                (slab, _, buffers) =>
                {
                    Encode(slab, buffers);
                    return buffers;
                },
                _ => { });
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }

    /// <summary>All rows of the model, some at a time.</summary>
    private IEnumerable<Slab> Slabs()
    {
        foreach (var (i, tensor) in _tensors.Index())
        {
            var atOnce = Math.Max(1, ValuesAtOnce / tensor.Columns);
            for (var part = 0; part < tensor.Parts.Count; part++)
            {
                for (var row = 0; row < tensor.Rows; row += atOnce)
                    yield return new Slab(i, part, row, Math.Min(atOnce, tensor.Rows - row));
            }
        }
    }

    private void Encode(Slab slab, Buffers buffers)
    {
        var tensor = _tensors[slab.Tensor];
        var values = buffers.Values(slab.Rows * tensor.Columns);
        _source.Rows(tensor.Parts[slab.Part], slab.FirstRow, values);
        RequireFitting(tensor, slab, values);
        var blocks = buffers.Blocks((int)(slab.Rows * tensor.RowBytes));
        tensor.Type.Encode(values, blocks);
        _writer.Write(slab.Tensor, ((slab.Part * (long)tensor.Rows) + slab.FirstRow) * tensor.RowBytes, blocks);
        lock (_gate)
        {
            _bytesDone += blocks.Length;
            _progress?.Report(new LoadProgress(_bytesDone, _bytesTotal, tensor.Parts[slab.Part]));
        }
    }

    private void RequireFitting(WrittenTensor tensor, Slab slab, ReadOnlySpan<float> values)
    {
        // Not a number is not below either.
        if (MathF.Abs(TensorPrimitives.MaxMagnitude(values)) <= tensor.Type.Largest)
            return;
        for (var i = 0; i < values.Length; i++)
        {
            if (!(MathF.Abs(values[i]) <= tensor.Type.Largest))
            {
                throw new ModelFormatException(
                    _source.Files.Path, tensor.Parts[slab.Part],
                    FormattableString.Invariant($"magnitudes up to {tensor.Type.Largest} for {tensor.Type.Type.Stored.Name}"),
                    FormattableString.Invariant($"{values[i]} in row {slab.FirstRow + (i / tensor.Columns)}"));
            }
        }
    }

    /// <summary>Rows of one part of a tensor.</summary>
    private readonly record struct Slab(int Tensor, int Part, int FirstRow, int Rows);

    /// <summary>What one thread holds.</summary>
    private sealed class Buffers
    {
        private float[] _values = [];
        private byte[] _blocks = [];

        public Span<float> Values(int count)
        {
            if (_values.Length < count)
                _values = new float[count];
            return _values.AsSpan(0, count);
        }

        public Span<byte> Blocks(int count)
        {
            if (_blocks.Length < count)
                _blocks = new byte[count];
            return _blocks.AsSpan(0, count);
        }
    }
}
