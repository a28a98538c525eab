using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Links;

/// <summary>
/// Another process of the epoch: the link to it, the link from it, and the account of eager frames in both directions. Guarded by the
/// epoch's gate where nothing else is said.
/// </summary>
internal sealed class Peer(PeerEndpoint endpoint, IReadOnlyList<int> ranks, DataPlaneOptions options, TensorPool pool) : IDisposable
{
    private uint _sent;
    private uint _acknowledged;
    private uint _consumed;

    public PeerEndpoint Endpoint { get; } = endpoint;

    /// <summary>Its global ranks.</summary>
    public IReadOnlyList<int> Ranks { get; } = ranks;

    public SendLink Send { get; set; } = null!;

    public ReceiveLink? Receive { get; set; }

    /// <summary>Where its frames wait that come before their call.</summary>
    public EagerArena Arena { get; } = new(pool, options.EagerFrames, options.EagerBytes);

    /// <summary>Both links have their connections.</summary>
    public bool IsConnected => Send.IsConnected && Receive is not null;

    /// <summary>Why it is gone; null while it is there.</summary>
    public PeerLoss? Loss { get; set; }

    /// <summary>Eager frames taken from it so far; read by the sending thread without the gate.</summary>
    public uint Consumed => Volatile.Read(ref _consumed);

    /// <summary>What the latest frame to it said of <see cref="Consumed"/>; written by the sending thread.</summary>
    public uint ConsumedTold { get; set; }

    /// <summary>Whether an eager frame may go to it now; counts it as sent.</summary>
    public bool TryTakeCredit()
    {
        if (_sent - _acknowledged >= (uint)options.EagerFrames)
            return false;

        _sent++;
        return true;
    }

    /// <summary>Takes back a credit whose frame was not sent after all.</summary>
    public void ReturnCredit() => _sent--;

    /// <summary>Takes the peer's word for how many eager frames it has consumed.</summary>
    /// <exception cref="ProtocolException">More than were sent, or fewer than it said before.</exception>
    public void Acknowledge(uint consumed)
    {
        if (consumed - _acknowledged > _sent - _acknowledged)
            throw new ProtocolException($"{consumed} eager frames consumed, where {_sent} were sent");

        _acknowledged = consumed;
    }

    /// <summary>Counts an eager frame as taken; true when the peer should hear of it without waiting for other frames.</summary>
    public bool Consume()
    {
        Volatile.Write(ref _consumed, _consumed + 1);
        return _consumed - ConsumedTold >= (uint)Math.Max(1, options.EagerFrames / 2);
    }

    public void Dispose() => Arena.Dispose();
}
