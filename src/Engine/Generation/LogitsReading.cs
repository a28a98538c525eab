using System.Runtime.ExceptionServices;

namespace AkkaCp.Engine.Generation;

/// <summary>
/// One caller's way to the logits of a sequence: each position goes to the caller once, also when ranks that were built anew compute
/// it again. What the caller throws stays here and ends the request: on the rank it would fail everybody's step.
/// </summary>
internal sealed class LogitsReading : IDisposable
{
    private readonly LogitsRow _row;
    private readonly int[] _given;
    private readonly CancellationTokenSource _stopping;
    private readonly Lock _gate = new();
    private ExceptionDispatchInfo? _error;
    private volatile bool _isOver;

    /// <param name="row">The caller's.</param>
    /// <param name="positions">Length of the sequence.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public LogitsReading(LogitsRow row, int positions, CancellationToken cancellationToken)
    {
        _row = row;
        _given = new int[positions];
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Stopping = _stopping.Token;
    }

    /// <summary>Cancelled with the caller's token, or when the caller has thrown.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Gives one position; a second time, or when the reading is over, nothing.</summary>
    public void Take(int position, ReadOnlySpan<float> logits)
    {
        if (_isOver || Interlocked.Exchange(ref _given[position], 1) != 0)
            return;
        try
        {
            _row(position, logits);
        }
#pragma warning disable CA1031 // Whatever the caller throws is the caller's, who gets it from ThrowIfFailed.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(ExceptionDispatchInfo.Capture(error));
        }
    }

    /// <summary>Throws what the caller's own code threw first.</summary>
    public void ThrowIfFailed()
    {
        lock (_gate)
            _error?.Throw();
    }

    /// <summary>Nothing is given from now on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _stopping.Dispose();
        }
    }

    private void Fail(ExceptionDispatchInfo error)
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            _isOver = true;
            _error = error;
            _stopping.Cancel();
        }
    }
}
