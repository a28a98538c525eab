using System.Collections.Immutable;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Scheduling;

/// <summary>A state and what has to be said on the way to it.</summary>
/// <param name="State">The new state.</param>
/// <param name="Replies">To the edges, in order.</param>
public sealed record Transition(SchedulerState State, ImmutableList<GenerationProtocol.IReply> Replies)
{
    /// <summary>Nothing to say.</summary>
    public static Transition To(SchedulerState state) => new(state, []);

    /// <summary>With one more reply.</summary>
    internal Transition Say(GenerationProtocol.IReply reply) => this with { Replies = Replies.Add(reply) };

    /// <summary>With what <paramref name="next"/> makes of the state, its replies behind the earlier ones.</summary>
    public Transition Then(Func<SchedulerState, Transition> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        var (state, replies) = next(State);
        return new Transition(state, Replies.AddRange(replies));
    }
}
