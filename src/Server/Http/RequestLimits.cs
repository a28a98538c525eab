using System.Threading.RateLimiting;
using AkkaCp.Settings;

namespace AkkaCp.Server.Http;

/// <summary>
/// How many requests may be here: of one who asks, at a time and a minute, and of all together. It is decided at the door, before a body is
/// read, and by no exception, so that a thousand refusals take no time from those who are let in.
/// </summary>
internal sealed class RequestLimits : IDisposable
{
    private static readonly TimeSpan s_full = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_busy = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string>? _own;
    private readonly FairPlaces? _all;

    /// <param name="limits">The limits as they are configured.</param>
    /// <param name="places">Requests of all together; null: as many as come.</param>
    public RequestLimits(ServerLimits limits, int? places)
    {
        _all = places is { } some ? new FairPlaces(some) : null;
        var own = new List<PartitionedRateLimiter<string>>();
        if (limits.RequestsPerKey > 0)
            own.Add(PartitionedRateLimiter.Create<string, string>(who => AtATime(who, limits.RequestsPerKey)));
        if (limits.RequestsPerMinute > 0)
            own.Add(PartitionedRateLimiter.Create<string, string>(who => AMinute(who, limits.RequestsPerMinute)));
        _own = own.Count > 0 ? PartitionedRateLimiter.CreateChained([.. own]) : null;
    }

    /// <summary>Takes a place.</summary>
    /// <param name="who">For whom.</param>
    /// <param name="refusal">Why there is none.</param>
    /// <returns>Gives the place back; null where there is none.</returns>
    public IDisposable? Enter(string who, out ApiException? refusal)
    {
        var lease = _own?.AttemptAcquire(who);
        refusal = lease is { IsAcquired: false } ? Refusal(lease)
            : _all?.TryTake(who) is false ? ApiException.Overloaded("the service has as many requests as it takes", s_full)
            : null;
        if (refusal is null)
            return new Place(_all, who, lease);
        lease?.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _own?.Dispose();

    private static RateLimitPartition<string> AtATime(string who, int limit) =>
        RateLimitPartition.GetConcurrencyLimiter(who, _ => new ConcurrencyLimiterOptions { PermitLimit = limit });

    private static RateLimitPartition<string> AMinute(string who, int limit) =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = limit,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / limit,
        });

    private static ApiException Refusal(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait)
        ? ApiException.RateLimited("there were as many requests in the last minute as akka-cp.server.requests-per-minute allows", wait)
        : ApiException.RateLimited("there are as many requests at a time as akka-cp.server.requests-per-key allows", s_busy);

    private sealed class Place(FairPlaces? places, string who, RateLimitLease? lease) : IDisposable
    {
        public void Dispose()
        {
            places?.Return(who);
            lease?.Dispose();
        }
    }
}
