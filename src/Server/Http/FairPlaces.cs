namespace AkkaCp.Server.Http;

/// <summary>
/// Places for requests. When all are taken, who has less than its share of them still gets one: those who ask often keep nobody out. So at
/// most twice as many are taken as there are.
/// </summary>
/// <param name="places">How many.</param>
internal sealed class FairPlaces(int places)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _held = [];
    private int _taken;

    /// <summary>Takes a place, unless there is none.</summary>
    /// <param name="who">For whom.</param>
    public bool TryTake(string who)
    {
        lock (_lock)
        {
            var held = _held.GetValueOrDefault(who);
            var share = places / (held == 0 ? _held.Count + 1 : _held.Count);
            if (_taken >= places && held >= share)
                return false;
            _held[who] = held + 1;
            _taken++;
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    /// <param name="who">Who had it.</param>
    public void Return(string who)
    {
        lock (_lock)
        {
            _taken--;
            if (--_held[who] == 0)
                _held.Remove(who);
        }
    }
}
