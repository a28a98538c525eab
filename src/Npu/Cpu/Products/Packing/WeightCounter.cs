namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>Bytes of packed weights that a device made and that are not disposed yet. Thread-safe; outlives its device.</summary>
internal sealed class WeightCounter
{
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
