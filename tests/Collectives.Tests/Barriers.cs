using AkkaCp.Collectives.Calls;

namespace AkkaCp.Collectives.Tests;

/// <summary>A call that ends when every member has made it.</summary>
internal static class Barriers
{
    /// <summary>The sum of nothing.</summary>
    public static ValueTask BarrierAsync(this IRankGroup group, CollectiveTag tag, CancellationToken cancellationToken) =>
        group.AllReduceAsync(tag, default, cancellationToken);
}
