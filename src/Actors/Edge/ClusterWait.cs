namespace AkkaCp.Actors.Edge;

/// <summary>A request waits for a cluster that cannot run it yet.</summary>
/// <param name="Reason">What is missing, and who was asked; one line.</param>
/// <param name="Waited">How long it has waited.</param>
/// <param name="Limit">When it fails: <c>akka-cp.cluster.wait-for-nodes</c>.</param>
public sealed record ClusterWait(string Reason, TimeSpan Waited, TimeSpan Limit)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant(
        $"{Reason}; waiting for {Waited.TotalSeconds:0.#} s, up to {Limit.TotalSeconds:0.#} s (akka-cp.cluster.wait-for-nodes)");
}
