using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Model.Synth;

/// <summary>
/// Streams made-up tensors into files: a few blocks at a time are made by all processors, then written in order.
/// </summary>
internal sealed class SynthShardWriting
{
    private const int BlocksAtOnce = 16;

    private readonly int _seed;
    private readonly SafetensorsDType _dtype;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly long _bytesTotal;
    private readonly float[] _buffer = new float[BlocksAtOnce * NormalNumbers.BlockElements];
    private long _bytesDone;

    public SynthShardWriting(int seed, DType dtype, IProgress<LoadProgress>? progress, long bytesTotal)
    {
        _seed = seed;
        _dtype = dtype == DType.F32 ? SafetensorsDType.F32 : SafetensorsDType.BF16;
        _progress = progress;
        _bytesTotal = bytesTotal;
    }

    public void Write(string path, IReadOnlyList<SynthTensor> tensors, CancellationToken cancellationToken)
    {
        using var writer = SafetensorsWriter.Create(path, tensors.Select(tensor => (tensor.Name, _dtype, tensor.Shape)));
        foreach (var tensor in tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WriteTensor(writer, tensor);
            _bytesDone += tensor.Count * _dtype.Bytes();
            _progress?.Report(new LoadProgress(_bytesDone, _bytesTotal, tensor.Name));
        }

        writer.Complete();
    }

    private void WriteTensor(SafetensorsWriter writer, SynthTensor tensor)
    {
        var numbers = new NormalNumbers(_seed, tensor.Name);
        for (long done = 0; done < tensor.Count;)
        {
            var count = (int)Math.Min(_buffer.Length, tensor.Count - done);
            FillBuffer(numbers, tensor, done, count);
            writer.Write(_buffer.AsSpan(0, count));
            done += count;
        }
    }

    private void FillBuffer(NormalNumbers numbers, SynthTensor tensor, long first, int count)
    {
        var blocks = (count + NormalNumbers.BlockElements - 1) / NormalNumbers.BlockElements;
        Parallel.For(0, blocks, block =>
        {
            var start = block * NormalNumbers.BlockElements;
            var destination = _buffer.AsSpan(start, Math.Min(NormalNumbers.BlockElements, count - start));
            numbers.Fill(first + start, destination, tensor.Mean, tensor.Deviation);
        });
    }
}
