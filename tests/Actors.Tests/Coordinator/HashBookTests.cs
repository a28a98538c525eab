using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

public class HashBookTests
{
    [Fact]
    public void FirstHashOfAPiece_Counts_AndWhoDiffersIsNamedWithBoth()
    {
        var book = HashBook.Create().Compare(Own("a", ("x", 1), ("y", 2)));
        var other = Own("b", ("x", 1), ("y", 3), ("z", 4));
        Assert.False(book.Agrees(other.Digest));

        book = book.Compare(other);
        Assert.False(book.Agrees(other.Digest));
        Assert.Equal(
            $"its weights differ from the group's: y: expected {2:x32}, which node a told first, found {3:x32}",
            book.DifferencesOf(other.Digest));
        Assert.Equal(["x", "y"], book.Entries.Select(entry => entry.Piece));
        Assert.True(book.Compare(Own("c", ("z", 5))).Agrees(Own("c", ("z", 5)).Digest), "nothing is taken of who differs");
    }

    [Fact]
    public void WhatHasNothingInCommon_Agrees_AndSoDoesANodeThatHasLoadedNothing()
    {
        var book = HashBook.Create().Compare(Own("a", ("x", 1)));
        Assert.True(book.Agrees(UInt128.Zero));
        Assert.True(book.Compare(Own("b", ("y", 1))).Agrees(Own("b", ("y", 1)).Digest));
    }

    [Fact]
    public void ManyDifferences_AreCounted()
    {
        var book = HashBook.Create().Compare(Own("a", [.. Enumerable.Range(0, 9).Select(i => ($"x{i}", i))]));
        var other = Own("b", [.. Enumerable.Range(0, 9).Select(i => ($"x{i}", i + 1))]);
        var text = book.Compare(other).DifferencesOf(other.Digest)!;
        Assert.Contains("x2: expected", text);
        Assert.DoesNotContain("x3", text);
        Assert.EndsWith("; and 6 pieces more", text);
    }

    [Fact]
    public void NodeThatReadsOnePieceTwice_AndDifferently_DiffersFromItself()
    {
        var own = new HashProtocol.Own("a", 9, [new WeightHash("x", 1), new WeightHash("x", 2)]);
        Assert.Contains("which node a told first", HashBook.Create().Compare(own).DifferencesOf(9));
    }

    [Fact]
    public void BookOfALaterCoordinator_LearnsWhatNodesCarry_AndJudgesByIt()
    {
        var first = HashBook.Create().Compare(Own("a", ("x", 1), ("y", 2)));
        var carried = new CarriedHashes();
        Assert.True(carried.Take(first.Behind(carried.Count)!));
        Assert.False(carried.Take(first.Behind(0)!));

        var second = HashBook.Create();
        second = second.Learn(carried.From(new HashProtocol.AskCarried(carried.Book, second.KnownOf(carried.Book))));
        Assert.Equal(2, second.KnownOf(first.Id));
        var damaged = Own("b", ("x", 7));
        Assert.Contains(
            $"x: expected {1:x32}, which a node told first, found {7:x32}", second.Compare(damaged).DifferencesOf(damaged.Digest));
        Assert.True(carried.Take(second.Behind(0)!));
        Assert.Equal((second.Id, 2), (carried.Book, carried.Count));
    }

    [Fact]
    public void WhatNodesCarry_CountsMoreThanWhatOneHasTold()
    {
        var before = HashBook.Create().Compare(Own("a", ("x", 1), ("y", 2)));
        var damaged = Own("b", ("x", 7), ("z", 1));
        var book = HashBook.Create().Compare(damaged);
        Assert.True(book.Agrees(damaged.Digest));

        var learned = book.Learn(before.Behind(0)!);
        Assert.NotEqual(book.Id, learned.Id);
        Assert.False(learned.Agrees(damaged.Digest));
        Assert.Contains($"expected {1:x32}", learned.Compare(damaged).DifferencesOf(damaged.Digest));
        Assert.True(learned.Compare(Own("c", ("x", 1), ("y", 2))).Agrees(Own("c", ("x", 1), ("y", 2)).Digest));
        Assert.Equal(1 + 1 + 1, learned.Entries.Count);
        Assert.Equal(2, learned.KnownOf(book.Id));
    }

    [Fact]
    public void OfTwoBooksThatNodesCarry_TheOneHeardFirstCounts()
    {
        var book = HashBook.Create()
            .Learn(HashBook.Create().Compare(Own("a", ("x", 1))).Behind(0)!)
            .Learn(HashBook.Create().Compare(Own("b", ("x", 2), ("y", 3))).Behind(0)!);
        Assert.Equal([new WeightHash("x", 1), new WeightHash("y", 3)], book.Entries);
    }

    [Fact]
    public void TableBehindAGap_IsNotTaken()
    {
        var book = HashBook.Create().Compare(Own("a", ("x", 1), ("y", 2), ("z", 3)));
        var carried = new CarriedHashes();
        Assert.False(carried.Take(book.Behind(1)!));
        Assert.True(carried.Take(book.Behind(0)! with { Entries = [.. book.Entries.Take(1)] }));
        Assert.False(carried.Take(book.Behind(2)!));
        Assert.True(carried.Take(book.Behind(0)!));
        Assert.Equal(3, carried.Count);

        var later = HashBook.Create();
        Assert.Same(later, later.Learn(book.Behind(1)!));
    }

    /// <summary>
    /// Nodes come and go, coordinators start anew and hear them in any order; some nodes have damaged pieces. As long as one node of those
    /// that have heard the book lives on, a piece that was told once keeps its hash, and no damaged node is ever agreed with.
    /// </summary>
    [Fact]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public void DamagedPieces_AreNoticedWheneverAnybodyHeldThem_HoweverCoordinatorsChange()
    {
        for (var seed = 0; seed < CaseShare.Count(2000); seed++)
        {
            var random = new Random(seed);
            var book = HashBook.Create();
            var nodes = new List<CarriedHashes>();
            var sound = Own("sound", [.. Enumerable.Range(0, 12).Select(i => ($"p{i}", 100 + i))]);
            book = book.Compare(sound);
            for (var step = 0; step < 30; step++)
            {
                switch (random.Next(5))
                {
                    case 0:
                        nodes.Add(new CarriedHashes());
                        break;
                    case 1 when nodes.Exists(node => node.Book == book.Id && node.Count == book.Entries.Count):
                        // The coordinator dies: another begins, hears the nodes in any order, some twice.
                        book = HashBook.Create();
                        foreach (var node in nodes.Concat(nodes).OrderBy(_ => random.Next()))
                            book = book.Learn(node.From(new HashProtocol.AskCarried(node.Book, book.KnownOf(node.Book))));
                        break;
                    case 2 when nodes.Count > 0:
                        var some = nodes[random.Next(nodes.Count)];
                        if (book.Behind(some.Book == book.Id ? some.Count : 0) is { } table)
                            some.Take(table);
                        break;
                    case 3:
                        var damaged = Own($"bad{step}", [($"p{random.Next(12)}", 1), ($"q{step}", step)]);
                        book = book.Compare(damaged);
                        Assert.False(book.Agrees(damaged.Digest), $"seed {seed}, step {step}");
                        break;
                    default:
                        book = book.Compare(sound);
                        Assert.True(book.Agrees(sound.Digest), $"seed {seed}, step {step}");
                        break;
                }
            }
        }
    }

    private static HashProtocol.Own Own(string node, params (string Piece, int Hash)[] pieces)
    {
        var hashes = LoadedHashes.Of([.. pieces.OrderBy(piece => piece.Piece, StringComparer.Ordinal)
            .Select(piece => new WeightHash(piece.Piece, (UInt128)piece.Hash))]);
        return new HashProtocol.Own(node, hashes.Digest, hashes.Hashes);
    }
}
