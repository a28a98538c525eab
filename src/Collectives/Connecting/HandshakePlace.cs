namespace AkkaCp.Collectives.Connecting;

/// <summary>One connection's place among the <see cref="HandshakePlaces"/>. Disposing it leaves the place.</summary>
public sealed class HandshakePlace : IDisposable
{
    private readonly HandshakePlaces _places;
    private readonly CancellationTokenSource _over;
    private volatile bool _hasSpoken;
    private volatile bool _isKept;
    private volatile bool _wasShownOut;

    internal HandshakePlace(HandshakePlaces places, TimeSpan limit, TimeProvider time)
    {
        _places = places;
        _over = new CancellationTokenSource(limit, time);
        (Since, Over) = (time.GetTimestamp(), _over.Token);
    }

    /// <summary>Whether a byte has come from it.</summary>
    public bool HasSpoken
    {
        get => _hasSpoken;
        set => _hasSpoken = value;
    }

    /// <summary>Whether its place went to another.</summary>
    public bool WasShownOut => _wasShownOut;

    /// <summary>Cancelled when its time is over, or its place goes to another.</summary>
    public CancellationToken Over { get; }

    /// <summary>Whether nobody takes the place from it.</summary>
    internal bool IsKept => _isKept;

    /// <summary>When it came, by the clock.</summary>
    internal long Since { get; }

    /// <summary>Its handshake is done, and what it does behind that still counts: the place is its own until it leaves.</summary>
    public void Keep()
    {
        _isKept = true;
        _over.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Leave(this);
        _over.Dispose();
    }

    internal void ShowOut()
    {
        _wasShownOut = true;
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It left at the same moment.
        }
    }
}
