using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>One run of the loader: the pieces acquired so far, given back together unless the run comes to its end.</summary>
internal sealed class ShardLoading : IDisposable
{
    // Reading and packing overlap from two threads on; more than four gain nothing against one disk.
    private const int MaxThreads = 4;

    private readonly IWeightSource _files;
    private readonly INpuDevice _device;
    private readonly WeightStore _store;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly long _bytesTotal;
    private readonly string _identity;
    private readonly Lock _lock = new();
    private readonly Lock _deviceLock = new();
    private readonly Dictionary<string, WeightLease> _leaseOf = new(StringComparer.Ordinal);
    private long _bytesDone;
    private bool _taken;

    public ShardLoading(
        IWeightSource files, INpuDevice device, WeightStore store, IProgress<LoadProgress>? progress, long bytesTotal)
    {
        _files = files;
        _device = device;
        _store = store;
        _progress = progress;
        _bytesTotal = bytesTotal;

        // Another model under the same path, or another device's layout, is another piece.
        _identity = $"{files.Identity} {device.GetType().FullName} ";
    }

    /// <summary>Bytes in memory of the pieces acquired.</summary>
    public long Bytes => _leaseOf.Values.Sum(lease => WeightStore.BytesOf(lease.Value));

    /// <summary>Hashes of all that was acquired, whoever read it, in order of their names.</summary>
    public ImmutableArray<WeightHash> Hashes =>
        [.. _leaseOf.Values.SelectMany(lease => lease.Hashes).Distinct().OrderBy(hash => hash.Piece, StringComparer.Ordinal)];

    public void LoadAll(IEnumerable<WeightPiece> pieces, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = Math.Min(MaxThreads, Environment.ProcessorCount),
            CancellationToken = cancellationToken,
        };
        try
        {
            // The largest first and one at a time: a large one that comes last would have one thread only.
            var largestFirst = pieces.DistinctBy(piece => piece.Key).OrderByDescending(piece => piece.Bytes);
            Parallel.ForEach(
                Partitioner.Create(largestFirst, EnumerablePartitionerOptions.NoBuffering), options,
                piece => LoadOne(piece, cancellationToken));
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }

    public PackedMatrix Matrix(WeightPiece piece) => (PackedMatrix)_leaseOf[piece.Key].Value;

    public Tensor Tensor(WeightPiece piece) => (Tensor)_leaseOf[piece.Key].Value;

    public Tensor? TensorOrNull(WeightPiece? piece) => piece is null ? null : Tensor(piece);

    /// <summary>Hands the leases over; <see cref="Dispose"/> leaves them alone from now on.</summary>
    public IReadOnlyList<IDisposable> TakeLeases()
    {
        _taken = true;
        return [.. _leaseOf.Values];
    }

    public void Dispose()
    {
        if (!_taken)
        {
            foreach (var lease in _leaseOf.Values)
                lease.Dispose();
        }
    }

    private void LoadOne(WeightPiece piece, CancellationToken cancellationToken)
    {
        var lease = _store.Acquire(_identity + piece.Key, () => Read(piece, cancellationToken), cancellationToken);
        lock (_lock)
        {
            _leaseOf.Add(piece.Key, lease);
            _bytesDone += piece.Bytes;
            _progress?.Report(new LoadProgress(_bytesDone, _bytesTotal, piece.Slices[0].Tensor));
        }
    }

    private LoadedPiece Read(WeightPiece piece, CancellationToken cancellationToken)
    {
        IDisposable memory = piece.IsPacked ? CreateMatrix(piece) : CreateTensor(piece);
        try
        {
            return new LoadedPiece(memory, memory is PackedMatrix matrix
                ? PieceReader.PackInto(_files, piece, matrix, cancellationToken)
                : PieceReader.CopyInto(_files, piece, (Tensor)memory, cancellationToken));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    // One thread at a time calls a device.
    private PackedMatrix CreateMatrix(WeightPiece piece)
    {
        lock (_deviceLock)
        {
            return piece.IsGated
                ? _device.CreateGatedMatrix(piece.Rows / 2, piece.Columns, piece.DType)
                : _device.CreateMatrix(piece.Rows, piece.Columns, piece.DType);
        }
    }

    private Tensor CreateTensor(WeightPiece piece)
    {
        lock (_deviceLock)
        {
            return piece.Slices[0].Shape.Count == 1
                ? _device.CreateTensor(piece.DType, (int)piece.Count)
                : _device.CreateTensor(piece.DType, piece.Rows, piece.Columns);
        }
    }
}
