using System.Collections.Immutable;
using Akka.Actor;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// Joins the cluster that the seeds have. Akka asks them again only after the time in which the first seed looks for others, so a node that
/// came a moment before the seed would be late by all of it; here they are asked each second. The first seed is left to Akka: it forms a
/// cluster when nobody answers it in that time.
/// </summary>
internal sealed class JoinWatch : ReceiveActor, IWithTimers
{
    private const int QuickTries = 10;
    private static readonly TimeSpan s_quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(5);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ImmutableArray<Address> _seeds;
    private int _tries;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public JoinWatch(ImmutableArray<Address> seeds)
    {
        _seeds = seeds;
        Receive<Try>(_ => Join());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How a node starts it.</summary>
    public static Props Props(ImmutableArray<Address> seeds) => Akka.Actor.Props.Create(() => new JoinWatch(seeds));

    /// <inheritdoc/>
    protected override void PreStart() => Join();

    private void Join()
    {
        if (_cluster.IsTerminated || _cluster.State.Members.Any(member => member.UniqueAddress.Equals(_cluster.SelfUniqueAddress)))
        {
            Context.Stop(Self);
            return;
        }

        _cluster.JoinSeedNodes(_seeds);
        if (_seeds[0] == _cluster.SelfAddress)
            Context.Stop(Self);
        else
            Timers.StartSingleTimer(Try.Instance, Try.Instance, ++_tries <= QuickTries ? s_quick : s_slow);
    }

    private sealed class Try : INoSerializationVerificationNeeded
    {
        public static readonly Try Instance = new();
    }
}
