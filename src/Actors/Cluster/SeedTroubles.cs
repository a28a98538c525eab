using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Links;

namespace AkkaCp.Actors.Cluster;

/// <summary>Why seeds were not reached when they were tried last. Safe for use by any number of threads.</summary>
internal sealed class SeedTroubles
{
    private readonly ConcurrentDictionary<string, string> _reasons = new();
    private readonly ImmutableArray<(string Seed, string Address)> _seeds;

    private SeedTroubles(ImmutableArray<(string Seed, string Address)> seeds) => _seeds = seeds;

    /// <summary>Listens to what a system's transport tells.</summary>
    public static SeedTroubles Watch(ActorSystem system, ImmutableArray<string> seeds)
    {
        var troubles = new SeedTroubles([.. seeds.Select(seed => (seed, ControlAddress.Text(ControlAddress.At(system, seed))))]);
        var listener = system.ActorOf(Props.Create(() => new Listener(troubles)), "seed-troubles");
        system.EventStream.Subscribe(listener, typeof(Dialled));
        return troubles;
    }

    /// <summary>The seeds, each with its trouble: <c>a:1 (refused), b:2</c>.</summary>
    public override string ToString() => string.Join(", ", _seeds.Select(
        seed => _reasons.TryGetValue(seed.Address, out var reason) ? $"{seed.Seed} ({reason})" : seed.Seed));

    private sealed class Listener : ReceiveActor
    {
        public Listener(SeedTroubles troubles) => Receive<Dialled>(dialled =>
        {
            if (dialled.Problem is { } problem)
                troubles._reasons[ControlAddress.Text(dialled.Remote)] = problem;
            else
                troubles._reasons.TryRemove(ControlAddress.Text(dialled.Remote), out _);
        });
    }
}
