using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>What goes wrong, and how it ends.</summary>
internal sealed class Faults(Simulation world)
{
    // Beyond what the other side takes for a loss, and below.
    private const int Longest = 20_000;

    private Draw Draw => world.Draw;

    public void Happen()
    {
        switch (Draw.Next(0, 12))
        {
            case 0 or 1:
                KillNode();
                break;
            case 2:
                PauseNode();
                break;
            case 3 or 4:
                Divide();
                break;
            case 5:
                Reset();
                break;
            case 6:
                world.Trace?.Note("the coordinator's place moves");
                world.Membership.Move();
                break;
            case 7:
                world.Trace?.Note("a second coordinator starts");
                world.Membership.Double();
                break;
            case 8:
                KillClient();
                break;
            case 9:
                StickOrCrash();
                break;
            case 10:
                Rejoin(Draw.Of(world.Nodes));
                break;
            case 11:
                DenyALivingOne();
                break;
        }
    }

    /// <summary>A process is dead. Its machine may refuse connections, which tells the others; or nobody says anything.</summary>
    private void KillNode()
    {
        var index = Draw.Next(0, world.Nodes.Count);
        var node = world.Nodes[index];
        if (!node.Process.IsAlive)
            return;
        world.Trace?.Note($"{node.Process} is killed");
        node.Kill();
        if (Draw.Chance(0.7))
            world.Time.After(Draw.Next(100, 400), () => Report(node.Process.Control));
        world.LoseUnreachableLater();
        world.Membership.ReconsiderLater(500, 8000);
        world.Time.After(Draw.Next(300, Longest), () => world.StartAgain(index));
    }

    private void PauseNode()
    {
        var node = Draw.Of(world.Nodes);
        if (node.Process is not { IsAlive: true, IsPaused: false })
            return;
        world.Trace?.Note($"{node.Process} is paused");
        node.Process.Pause();
        world.LoseUnreachableLater();
        world.Membership.ReconsiderLater(8000, 16_000);
        world.Time.After(Draw.Next(200, Longest), () => world.GoOn(node.Process));
    }

    /// <summary>A cut between two sides, both ways or one.</summary>
    private void Divide()
    {
        var side = world.Processes.Where(_ => Draw.Chance(0.5)).ToHashSet();
        var bothWays = Draw.Chance(0.8);
        world.Trace?.Note($"{string.Join(" ", side)} cut off, {(bothWays ? "both ways" : "one way")}");
        foreach (var one in side)
        {
            foreach (var other in world.Processes.Where(other => !side.Contains(other)))
            {
                world.Network.Cut(one, other);
                if (bothWays)
                    world.Network.Cut(other, one);
            }
        }

        world.LoseUnreachableLater();
        world.Membership.ReconsiderLater(10_000, 16_000);
        world.Time.After(Draw.Next(200, Longest), world.Mend);
    }

    private void Reset()
    {
        var (one, other) = (Draw.Of(world.Processes), Draw.Of(world.Processes));
        world.Trace?.Note($"connection of {one} and {other} is reset");
        world.Network.Reset(one, other);
    }

    private void KillClient()
    {
        var client = Draw.Of(world.Clients);
        if (!client.IsAlive)
            return;
        world.Trace?.Note($"{client} is killed");
        client.Kill();
        if (Draw.Chance(0.5))
            world.Time.After(Draw.Next(100, 400), () => Report(client.Control));
    }

    /// <summary>A rank gets no further, or its actor ends.</summary>
    private void StickOrCrash()
    {
        var ranks = world.Nodes.Where(node => node.Process is { IsAlive: true, IsPaused: false })
            .SelectMany(node => node.Actor.Ranks.Select(rank => (Node: node, Rank: rank))).Where(one => one.Rank.IsAlive).ToList();
        if (ranks.Count == 0)
            return;
        var (node, rank) = Draw.Of(ranks);
        world.Trace?.Note($"{rank.Actor} sticks or ends");
        if (Draw.Chance(0.5))
            rank.Pipeline!.Mesh.Stick();
        else
            node.Actor.Crash(rank);
    }

    /// <summary>The cluster gives a node up that has done nothing wrong.</summary>
    private void Rejoin(SimNode node)
    {
        if (node.Process is not { IsAlive: true, IsPaused: false } || node.Actor.HasEnded)
            return;
        node.Rejoin(Draw.Next(50, 3000));
        world.Membership.ReconsiderLater(3001, 5000);
    }

    /// <summary>A firewall refuses in a machine's place: one that lives is said to be dead.</summary>
    private void DenyALivingOne()
    {
        var denied = Draw.Of(world.Processes);
        world.Trace?.Note($"{denied} is said to be dead");
        Report(denied.Control);
    }

    private void Report(string control)
    {
        var died = new NodeProtocol.Died(control);
        foreach (var node in world.Nodes.Where(node => node.Process.IsAlive && node.Process.Control != control))
        {
            node.View?.Tell(died, node.Actor);
            node.Actor.Tell(died, node.Actor);
        }
    }
}
