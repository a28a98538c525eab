using System.Collections.Immutable;
using System.Globalization;

namespace AkkaCp.Actors.Protocol;

/// <summary>A picture of one node.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Ranks">Ranks that it has, or loads for; empty when it has no place.</param>
/// <param name="LoadProgress">Loaded share, 0 to 1.</param>
/// <param name="Epoch">The epoch that it serves in, or has served in last; 0 for none.</param>
/// <param name="Message">What is remarkable about it, such as why the cluster refuses it; empty when nothing is.</param>
public sealed record NodeStatus(NodeState State, ImmutableArray<int> Ranks, double LoadProgress, long Epoch, string Message = "")
{
    /// <summary>Of a node that has just started.</summary>
    public static NodeStatus New { get; } = new(NodeState.Joining, [], 0, 0);

    /// <inheritdoc/>
    public bool Equals(NodeStatus? other) => other is not null && State == other.State && Ranks.SequenceEqual(other.Ranks)
        && LoadProgress.Equals(other.LoadProgress) && Epoch == other.Epoch && Message == other.Message;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(State, LoadProgress, Epoch, Message);

    /// <summary>One line for people, such as <c>serving ranks 0, 2 in epoch 3</c>.</summary>
    public override string ToString()
    {
        var ranks = Ranks.IsEmpty ? "" : $" rank{(Ranks.Length == 1 ? "" : "s")} {string.Join(", ", Ranks)}";
        var text = State switch
        {
            NodeState.Loading => string.Create(CultureInfo.InvariantCulture, $"loading{ranks}, {LoadProgress:0%}"),
            NodeState.Ready => Ranks.IsEmpty ? "ready, without a place" : $"ready for{ranks}",
            NodeState.Serving => string.Create(CultureInfo.InvariantCulture, $"serving{ranks} in epoch {Epoch}"),
            NodeState.Joining => "joining",
            NodeState.Draining => "draining",
            _ => "stopped",
        };
        return Message.Length == 0 ? text : $"{text}: {Message}";
    }
}
