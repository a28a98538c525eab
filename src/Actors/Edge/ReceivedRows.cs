using System.Collections;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Edge;

/// <summary>Which rows of logits a request's taker has: each goes to it once, and the request ends when none is missing.</summary>
/// <param name="taker">The program's.</param>
internal sealed class ReceivedRows(LogitsRow taker)
{
    private readonly BitArray _taken = new(0);
    private volatile bool _isOver;

    /// <summary>Rows that were taken.</summary>
    public int Count { get; private set; }

    /// <summary>What the taker threw, in words; null while it has thrown nothing. It gets no more rows then.</summary>
    public string? Failure { get; private set; }

    /// <summary>Gives a row to the taker; a second time, nothing.</summary>
    public void Take(LogitsProtocol.Row row)
    {
        if (row.Position < 0 || Failure is not null || _isOver)
            return;
        if (row.Position >= _taken.Length)
            _taken.Length = row.Position + 1;
        if (_taken[row.Position])
            return;
        _taken[row.Position] = true;
        Count++;
        try
        {
            taker(row.Position, row.Logits.AsSpan());
        }
#pragma warning disable CA1031 // Whatever the program's code throws ends its own request, and nothing else.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Failure = $"the taker of the logits threw {error.GetType().Name}: {error.Message}";
        }
    }

    /// <summary>The request was ended from outside: nothing is given from now on. Any thread may call.</summary>
    public void End() => _isOver = true;

    /// <summary>Rows below <paramref name="length"/> that are missing.</summary>
    public int MissingBelow(int length)
    {
        var missing = 0;
        for (var position = 0; position < length; position++)
            missing += position < _taken.Length && _taken[position] ? 0 : 1;
        return missing;
    }
}
