namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// Who is the coordinator, in the eyes of each node. Stands for Akka's cluster with its singleton, and is worse than it: a side of a cut
/// may get a coordinator of its own, whichever it is; nodes learn of a new one at different times; and one that was given up goes on until
/// somebody tells it.
/// </summary>
internal sealed class SimMembership(Simulation world)
{
    /// <summary>What has happened is noticed after a time.</summary>
    public void ReconsiderLater(int low, int high) => world.Time.After(world.Draw.Next(low, high), Reconsider);

    /// <summary>The coordinator's place moves, as when its node leaves or an older one comes.</summary>
    public void Move()
    {
        if (world.Nodes.FirstOrDefault(node => node.Coordinator is not null && IsThere(node)) is not { } leader)
            return;
        leader.StopLeading();
        ReconsiderLater(1, 1500);
    }

    /// <summary>A second coordinator starts beside the first, for a while.</summary>
    public void Double()
    {
        var others = world.Nodes.Where(node => node.Coordinator is null && IsThere(node)).ToList();
        if (others.Count == 0)
            return;
        var second = world.Draw.Of(others);
        second.Lead();
        foreach (var node in world.Nodes.Where(_ => world.Draw.Chance(0.5)))
            Name(second, node, 1000);
        ReconsiderLater(500, 15_000);
    }

    private void Reconsider()
    {
        var left = world.Nodes.Where(IsThere).ToList();
        while (left.Count > 0)
        {
            var side = left.Where(node => node == left[0] || world.Network.IsReachable(left[0].Process, node.Process)).ToList();
            left.RemoveAll(side.Contains);
            Lead(side);
        }
    }

    private void Lead(List<SimNode> side)
    {
        var leaders = side.Where(node => node.Coordinator is not null).ToList();
        if (leaders.Count == 0)
        {
            if (2 * side.Count <= world.Nodes.Count(node => node.Process.IsAlive) && world.Network.HasCuts && world.Draw.Chance(0.5))
                return;
            leaders.Add(world.Draw.Of(side));
            leaders[0].Lead();
        }

        var leader = world.Draw.Of(leaders);
        foreach (var other in leaders.Where(other => other != leader))
            ShutOut(other);
        foreach (var node in side.Where(node => !node.Actor.HasEnded && node.View != leader.Coordinator!.Actor))
        {
            if (node.View is not null && node != leader && world.Draw.Chance(0.2))
                ShutOut(node);
            else
                Name(leader, node, 2000);
        }
    }

    private void ShutOut(SimNode node)
    {
        var time = world.Draw.Next(50, 1500);
        node.Rejoin(time);
        ReconsiderLater(time + 1, time + 2000);
    }

    private void Name(SimNode leader, SimNode node, int most)
    {
        var coordinator = leader.Coordinator!.Actor;
        node.Process.After(world.Draw.Next(0, most), () =>
        {
            if (!coordinator.HasEnded && coordinator.Process.IsAlive)
                node.View = coordinator;
        });
    }

    private static bool IsThere(SimNode node) => node.Process is { IsAlive: true, IsPaused: false } && !node.Actor.HasEnded;
}
