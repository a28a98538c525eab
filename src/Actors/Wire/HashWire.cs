using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Wire;

/// <summary>Facts and hashes on the wire.</summary>
internal static class HashWire
{
    private const int HashBytes = 16;
    private const int LeastFactBytes = 2;

    public static void Write(this WireWriter to, HashProtocol.Mark mark)
    {
        to.Hash(mark.Own);
        to.Id(mark.Book);
        to.Int(mark.Carried);
    }

    public static HashProtocol.Mark Mark(this WireReader from) => new(from.Hash(), from.Id(), from.Int());

    public static void Write(this WireWriter to, HashProtocol.Own own)
    {
        to.Text(own.Node);
        to.Hash(own.Digest);
        to.Write(own.Hashes);
    }

    public static HashProtocol.Own Own(this WireReader from) => new(from.Text(), from.Hash(), from.Hashes());

    public static void Write(this WireWriter to, HashProtocol.Table table)
    {
        to.Id(table.Book);
        to.Int(table.From);
        to.Write(table.Entries);
    }

    public static HashProtocol.Table HashTable(this WireReader from) => new(from.Id(), from.Int(), from.Hashes());

    public static void Write(this WireWriter to, HashProtocol.AskCarried ask)
    {
        to.Id(ask.Book);
        to.Int(ask.From);
    }

    public static void Write(this WireWriter to, ClientFacts client)
    {
        to.Write(client.Model);
        to.Int(client.Protocol);
    }

    public static ClientFacts ClientFacts(this WireReader from) => new(from.ModelFacts(), from.Int());

    public static void Write(this WireWriter to, ModelFacts facts) => to.Sequence(facts.Files, fact =>
    {
        to.Text(fact.Name);
        to.Text(fact.Hash);
    });

    public static ModelFacts ModelFacts(this WireReader from) =>
        new(from.Sequence(LeastFactBytes, () => new ModelFact(from.Text(), from.Text())));

    private static void Write(this WireWriter to, ImmutableArray<WeightHash> hashes) => to.Sequence(hashes, hash =>
    {
        to.Text(hash.Piece);
        to.Hash(hash.Hash);
    });

    private static ImmutableArray<WeightHash> Hashes(this WireReader from) =>
        from.Sequence(HashBytes + 1, () => new WeightHash(from.Text(), from.Hash()));
}
