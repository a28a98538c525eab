namespace AkkaCp.Pipeline.Steps;

/// <summary>
/// Lists of integers for the time of one operation, cut from one array that stays: once it is as long as an operation needs, nothing is
/// allocated any more. Not thread-safe.
/// </summary>
internal sealed class IntegerScratch
{
    private int[] _array = [];
    private int _taken;

    /// <summary>Ends the use of every list taken so far.</summary>
    public void Clear() => _taken = 0;

    /// <summary>A list of zeros.</summary>
    public Span<int> Take(int length)
    {
        if (_taken + length > _array.Length)
        {
            // Lists taken before keep the old array, which has no others from now on.
            (_array, _taken) = (new int[Math.Max(length, 2 * _array.Length)], 0);
        }

        var list = _array.AsSpan(_taken, length);
        list.Clear();
        _taken += length;
        return list;
    }
}
