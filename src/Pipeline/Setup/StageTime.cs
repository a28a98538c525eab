namespace AkkaCp.Pipeline;

/// <summary>What one stage of one rank took, all its layers and steps together; see <see cref="StageClock"/>.</summary>
public sealed class StageTime
{
    internal StageTime(string name) => Name = name;

    /// <summary>The stage.</summary>
    public string Name { get; }

    /// <summary>Time that the rank's thread computed for it, moving rows for a collective included.</summary>
    public TimeSpan Computed { get; internal set; }

    /// <summary>Time from the beginning of a wait for other ranks to its end.</summary>
    public TimeSpan Waited { get; internal set; }

    /// <summary>The part of <see cref="Waited"/> in which the rank's thread computed nothing else.</summary>
    public TimeSpan Exposed { get; internal set; }

    internal void Reset() => (Computed, Waited, Exposed) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{Name}: {Computed.TotalMilliseconds:F3} ms, {Exposed.TotalMilliseconds:F3} ms exposed");
}
