using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// A node's copy of the coordinator's book of hashes, which outlives the coordinator and the node's membership. Used on the node's own
/// turn only.
/// </summary>
internal sealed class CarriedHashes
{
    private ImmutableList<WeightHash> _entries = [];

    /// <summary>Whose it is.</summary>
    public Guid Book { get; private set; }

    /// <summary>Entries.</summary>
    public int Count => _entries.Count;

    /// <summary>
    /// Takes entries that follow on those that are here. Another book takes this one's place: its coordinator sends it when it has learned
    /// this one.
    /// </summary>
    /// <returns>Whether there was something new.</returns>
    public bool Take(HashProtocol.Table table)
    {
        var known = table.Book == Book ? Count : 0;
        if (table.From > known || (table.Book == Book && table.End <= known) || (table.Book != Book && table.From > 0))
            return false;
        _entries = (table.Book == Book ? _entries : []).AddRange(table.Entries.Skip(known - table.From));
        Book = table.Book;
        return true;
    }

    /// <summary>What a coordinator asks for; nothing of a book that is not carried.</summary>
    public HashProtocol.Table From(HashProtocol.AskCarried ask) => new(
        ask.Book, ask.From, ask.Book != Book || ask.From < 0 ? [] : [.. _entries.Skip(ask.From)]);
}
