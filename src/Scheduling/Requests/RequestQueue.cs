using System.Collections.Immutable;

namespace AkkaCp.Scheduling.Requests;

/// <summary>
/// Requests that hold no KV, in the order in which they are admitted: fair between salts, which keep those apart who do not know of each
/// other, by start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996). A request's turn comes where that of its salt's last one ends, but
/// not in the past, and is as long as the KV that it is promised. So whoever sends a thousand requests waits for himself. Immutable.
/// </summary>
internal sealed record RequestQueue
{
    private RequestQueue()
    {
    }

    /// <summary>Nobody waits.</summary>
    public static RequestQueue Empty { get; } = new();

    /// <summary>Those that wait, in order.</summary>
    public ImmutableList<RequestState> Requests { get; private init; } = [];

    /// <summary>How many wait.</summary>
    public int Count => Requests.Count;

    /// <summary>The last turn that came.</summary>
    private long Now { get; init; }

    /// <summary>With a new request, its turn behind those of its salt.</summary>
    /// <param name="request">Not admitted yet.</param>
    /// <param name="running">Admitted requests.</param>
    public RequestQueue Add(RequestState request, IEnumerable<RequestState> running)
    {
        var turn = Now;
        foreach (var other in Requests.Concat(running))
        {
            if (other.Submit.CacheSalt == request.Submit.CacheSalt)
                turn = Math.Max(turn, other.Turn + other.BlocksReserved);
        }

        return Insert(request with { Turn = turn });
    }

    /// <summary>With a request that has had a turn and keeps it, so that it stands in front.</summary>
    public RequestQueue PutBack(RequestState request) => Insert(request);

    /// <summary>Without those that are not in the list.</summary>
    /// <param name="requests">The rest, in order.</param>
    /// <param name="turn">The last turn of those that were admitted; 0 where none was.</param>
    public RequestQueue Keep(ImmutableList<RequestState> requests, long turn = 0) =>
        this with { Requests = requests, Now = Math.Max(Now, turn) };

    /// <summary>With another state of each.</summary>
    public RequestQueue Select(Func<RequestState, RequestState> change) => this with { Requests = [.. Requests.Select(change)] };

    /// <summary>The newest request of the salt that has most of the queue, which makes room for another salt; null when that other one has
    /// as many, nearly. One that was put back has begun, and stays.</summary>
    /// <param name="salt">Of a request that finds the queue full.</param>
    public RequestState? MostDispensable(string salt)
    {
        var bySalt = Requests.Where(request => !request.IsPutBack).ToLookup(request => request.Submit.CacheSalt);
        var most = bySalt.MaxBy(requests => requests.Count());
        return most is not null && most.Count() > bySalt[salt].Count() + 1 ? most.MaxBy(request => request.SequenceId) : null;
    }

    private RequestQueue Insert(RequestState request)
    {
        var place = Requests.FindIndex(other => (other.Turn, other.SequenceId).CompareTo((request.Turn, request.SequenceId)) > 0);
        return this with { Requests = Requests.Insert(place < 0 ? Requests.Count : place, request) };
    }
}
