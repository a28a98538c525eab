using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Links;

/// <summary>Counts what a data plane does; any thread.</summary>
internal sealed class TransportMeter
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _framesSent;
    private long _framesReceived;
    private long _refused;
    private long _broken;

    public TransportCounters Counters => new(
        Interlocked.Read(ref _bytesSent),
        Interlocked.Read(ref _bytesReceived),
        Interlocked.Read(ref _framesSent),
        Interlocked.Read(ref _framesReceived),
        Interlocked.Read(ref _refused),
        Interlocked.Read(ref _broken));

    public void Sent(long bytes)
    {
        Interlocked.Increment(ref _framesSent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    public void Received(long bytes)
    {
        Interlocked.Increment(ref _framesReceived);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    public void Refused() => Interlocked.Increment(ref _refused);

    public void Broken() => Interlocked.Increment(ref _broken);
}
