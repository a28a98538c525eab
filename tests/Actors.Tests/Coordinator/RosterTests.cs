using System.Collections.Immutable;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using CsCheck;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

public class RosterTests
{
    private static readonly GroupFacts s_facts = new(
        new ModelFacts([new ModelFact("config.json", "c"), new ModelFact("tokenizer.json", "t")]), "s", "tp 4", "bf16", "k", 101, 16, 1);

    [Fact]
    public void FreeRanks_GoToNodesByName_AndTheRestAreSpares()
    {
        var roster = Hear(Roster.Create(s_facts, 4), Heartbeat("c"), Heartbeat("b", places: 2), Heartbeat("a"), Heartbeat("d")).Assign();
        Assert.Equal(["a", "b", "b", "c"], roster.Seats);
        Assert.True(roster.IsComplete);
        Assert.False(roster.IsLoaded);
        Assert.Empty(roster.RanksOf("d"));
        Assert.Equal([0], roster.PreloadOf("d"));
    }

    [Fact]
    public void SpareStandsByForTheSameRanks_WhateverLoadsItTellsLate()
    {
        var spare = Heartbeat("d");
        var roster = Hear(Roster.Create(s_facts, 2), Heartbeat("a"), Heartbeat("b"), spare);
        Assert.Empty(roster.PreloadOf("d"));
        roster = roster.Assign();
        Assert.Equal([0], roster.PreloadOf("d"));
        roster = Hear(roster, Heartbeat("c")).Assign();
        Assert.Equal([1], roster.PreloadOf("c"));

        // A word of what it had loaded before it heard what to load.
        roster = Hear(roster, spare with { Loaded = [1] }).Assign();
        Assert.Equal([0], roster.PreloadOf("d"));
    }

    [Fact]
    public void NodeThatIsLost_IsReplacedByTheSpareThatHasLoadedItsRank()
    {
        var roster = Hear(
            Roster.Create(s_facts, 2), Heartbeat("a", loaded: [0]), Heartbeat("b", loaded: [1]), Heartbeat("c"),
            Heartbeat("d", loaded: [1])).Assign();
        Assert.Equal(["a", "b"], roster.Seats);
        roster = roster.Without("b").Assign();
        Assert.Equal(["a", "d"], roster.Seats);
        Assert.True(roster.IsLoaded);
        Assert.Equal(["a", "b"], Hear(roster.Without("d"), Heartbeat("b", loaded: [1])).Assign().Seats);
    }

    [Fact]
    public void NewCoordinator_GivesNodesTheRanksThatTheyHad()
    {
        var roster = Hear(
            Roster.Create(s_facts, 2), Heartbeat("a"), Heartbeat("b", ranks: [1], loaded: [1]),
            Heartbeat("c", ranks: [0], loaded: [0, 1])).Assign();
        Assert.Equal(["c", "b"], roster.Seats);
    }

    [Fact]
    public void DifferentFacts_AreRefusedWithEveryDifference()
    {
        var roster = Roster.Create(s_facts, 2);
        var heard =
            roster.Hear(
                Heartbeat("a") with { Facts = s_facts with { Model = new ModelFacts([new ModelFact("config.json", "d")]), KvBlocks = 7 } },
                "h:1");
        Assert.Equal(
            "it differs from the group: config.json: expected c, found d; "
                + "tokenizer.json: expected t, found none; KV blocks: expected 101, found 7", heard.Refusal);
        Assert.Same(roster, heard.Roster);
    }

    [Fact]
    public void NodesThatHaveWhatTheirMachinesAllow_GoByTheSmallestPoolOfTheTable()
    {
        var facts = s_facts with { KvBlocks = 0 };
        NodeProtocol.Heartbeat With(string name, int blocks) =>
            Heartbeat(name) is var said ? said with { Facts = facts, Offer = said.Offer with { KvBlocks = blocks } } : null!;
        var roster = Hear(Roster.Create(facts, 2), With("a", 90), With("b", 70), With("c", 40)).Assign();

        Assert.Equal(70, roster.KvBlocksOf(roster.Table(1, Guid.NewGuid())));
        Assert.Equal("KV blocks: expected at least 2, found 1", roster.Hear(With("d", 1), "h:4").Refusal);
        Assert.Equal(
            "it differs from the group: KV blocks: expected auto, found 101", roster.Hear(Heartbeat("e"), "h:5").Refusal);
    }

    [Fact]
    public void OneName_IsForOneLivingNode()
    {
        var first = Heartbeat("a");
        var roster = Roster.Create(s_facts, 1).Hear(first, "h:1").Roster.Assign();
        var twin = Heartbeat("a");
        Assert.Equal("another node is named a, at h:1", roster.Hear(twin, "h:2").Refusal);

        var restarted = roster.Hear(twin, "h:1");
        Assert.True(restarted is { Replaces: true, IsNew: true, Refusal: null });
        Assert.Null(Assert.Single(restarted.Roster.Seats));
        Assert.Null(roster.Without("a").Hear(twin, "h:2").Refusal);
    }

    [Fact]
    public void NodeThatLeaves_LosesItsRanksAndGetsNone()
    {
        var roster = Hear(Roster.Create(s_facts, 1), Heartbeat("a", loaded: [0])).Assign();
        var leaving =
            Heartbeat("a", state: NodeState.Draining, loaded: [0]) with { Incarnation = roster.Members["a"].Heartbeat.Incarnation };
        roster = roster.Hear(leaving, "a:1").Roster.Assign();
        Assert.Equal([null], roster.Seats);
        Assert.Equal("1 of 1 ranks have no node", roster.Missing());
    }

    [Fact]
    public void AnyEvents_LeaveAValidRoster()
    {
        var random = new PCG(3, 77);
        var cases = Gen.Select(Gen.Int[1, 8], Gen.Select(Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[1, 4]).Array[1, 60]);
        for (var i = 0; i < 500; i++)
        {
            var (world, events) = cases.Generate(random, null, out _);
            var roster = Roster.Create(s_facts, world);
            foreach (var (kind, node, places) in events)
            {
                var before = roster;
                roster = Next(roster, kind, $"n{node}", places).Assign();
                Check(roster, i);
                CheckSticky(before, roster, i);
                Assert.Equal(roster.Seats, roster.Assign().Seats);
            }
        }
    }

    private static Roster Next(Roster roster, int kind, string name, int places)
    {
        var isKnown = roster.Members.TryGetValue(name, out var member);
        return kind switch
        {
            0 => roster.Without(name),
            1 when isKnown =>
                roster.Hear(member!.Heartbeat with { Status = NodeStatus.New with { State = NodeState.Draining } }, $"{name}:1").Roster,
            2 when isKnown => roster.Hear(member!.Heartbeat with { Loaded = roster.RanksOf(name) }, $"{name}:1").Roster,
            3 => roster.Age(),
            _ => roster.Hear(isKnown ? member!.Heartbeat : Heartbeat(name, places), $"{name}:1").Roster,
        };
    }

    private static void Check(Roster roster, int number)
    {
        foreach (var name in roster.Seats.OfType<string>())
            Assert.True(roster.Members.ContainsKey(name), $"case {number}: {name} has a rank and is not there");
        foreach (var member in roster.Members.Values)
        {
            Assert.InRange(roster.RanksOf(member.Name).Length, 0, member.Places);
            var preload = roster.PreloadOf(member.Name);
            Assert.True(preload.IsEmpty || roster.RanksOf(member.Name).IsEmpty, $"case {number}");
            Assert.All(preload, rank => Assert.InRange(rank, 0, roster.Seats.Length - 1));
            Assert.Equal(preload.Length, preload.Distinct().Count());
        }

        var room = roster.Members.Values.Sum(member => member.Places);
        Assert.Equal(Math.Min(room, roster.Seats.Length), roster.Seats.Count(name => name is not null));
    }

    /// <summary>A node that was there before, and still has places, keeps its ranks.</summary>
    private static void CheckSticky(Roster before, Roster after, int number)
    {
        for (var rank = 0; rank < before.Seats.Length; rank++)
        {
            if (before.Seats[rank] is { } name && after.Members.TryGetValue(name, out var member) && member.Places > 0)
                Assert.True(after.Seats[rank] == name, $"case {number}: rank {rank} moved from {name} to {after.Seats[rank]}");
        }
    }

    private static Roster Hear(Roster roster, params NodeProtocol.Heartbeat[] heartbeats) =>
        heartbeats.Aggregate(roster, (so, heartbeat) => so.Hear(heartbeat, $"{heartbeat.Name}:1").Roster);

    private static NodeProtocol.Heartbeat Heartbeat(
        string name, int places = 1, NodeState state = NodeState.Ready, ImmutableArray<int>? ranks = null,
        ImmutableArray<int>? loaded = null) => new(
        Guid.NewGuid(), new NodeOffer(name, $"{name}:2", places, 1, "cpu", 100), s_facts, new NodeStatus(state, ranks ?? [], 1, 0),
        loaded ?? [], 0, 0);
}
