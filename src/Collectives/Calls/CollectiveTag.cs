namespace AkkaCp.Collectives.Calls;

/// <summary>
/// Names one collective. Peers meet by tag, not by the order of their calls: several steps are under way at once, and ranks may come
/// to them in different order. A tag is used once, on one kind of group.
/// </summary>
/// <param name="Epoch">Forming of the group; it grows when ranks are replaced.</param>
/// <param name="Step">Step of the engine within the epoch.</param>
/// <param name="Layer">Decoder layer, or -1 before and the layer count after them.</param>
/// <param name="Kind">What the collective is for.</param>
public readonly record struct CollectiveTag(long Epoch, long Step, int Layer, CollectiveKind Kind)
{
    /// <summary>For messages.</summary>
    public override string ToString() => $"{Kind} of layer {Layer}, step {Step}, epoch {Epoch}";
}
