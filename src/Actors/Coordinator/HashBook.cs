using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Which hash each piece of the weights has: the first that a node told. Immutable: each event is a method that returns the next book.
/// Nodes carry its entries on, so that a coordinator that starts elsewhere learns what was told to the one before it. What nodes carry
/// counts more than what one of them has loaded, for it was compared with all that were heard then.
/// </summary>
internal sealed record HashBook
{
    private const int MostNamed = 3;

    private HashBook(Guid id) => Id = id;

    /// <summary>Names the book to those who carry it.</summary>
    public Guid Id { get; }

    /// <summary>What is known, in the order in which it became so.</summary>
    public ImmutableList<WeightHash> Entries { get; private init; } = [];

    private ImmutableDictionary<string, Held> Pieces { get; init; } = ImmutableDictionary.Create<string, Held>(StringComparer.Ordinal);

    /// <summary>Digests of loaded weights in which nothing differs from the book.</summary>
    private ImmutableHashSet<UInt128> Agreed { get; init; } = [];

    /// <summary>By digest of loaded weights: in what they differ.</summary>
    private ImmutableDictionary<UInt128, string> Differing { get; init; } = ImmutableDictionary<UInt128, string>.Empty;

    /// <summary>How many entries of other coordinators' books are known.</summary>
    private ImmutableDictionary<Guid, int> Learned { get; init; } = ImmutableDictionary<Guid, int>.Empty;

    /// <summary>A book in which nothing stands.</summary>
    public static HashBook Create() => new(Guid.NewGuid());

    /// <summary>Whether what a node has loaded was compared, and does not differ.</summary>
    public bool Agrees(UInt128 digest) => digest == UInt128.Zero || Agreed.Contains(digest);

    /// <summary>In what the loaded weights of this digest differ; null while they do not, or were not compared.</summary>
    public string? DifferencesOf(UInt128 digest) => Differing.GetValueOrDefault(digest);

    /// <summary>How many entries of a book are known here.</summary>
    public int KnownOf(Guid book) => book == Id ? Entries.Count : Learned.GetValueOrDefault(book);

    /// <summary>Compares what a node has loaded. Of one that differs in a single piece nothing is taken.</summary>
    public HashBook Compare(HashProtocol.Own own)
    {
        if (Agrees(own.Digest) || Differing.ContainsKey(own.Digest))
            return this;
        var pieces = Pieces.ToBuilder();
        var entries = Entries.ToBuilder();
        var differences = new List<string>();
        foreach (var hash in own.Hashes)
        {
            if (!pieces.TryGetValue(hash.Piece, out var held))
            {
                pieces.Add(hash.Piece, new Held(hash, entries.Count, own.Node));
                entries.Add(hash);
            }
            else if (held.Told.Hash != hash.Hash)
            {
                differences.Add($"{hash.Piece}: expected {held.Told.HashText}, which {held.From} told first, found {hash.HashText}");
            }
        }

        return differences.Count == 0
            ? this with { Pieces = pieces.ToImmutable(), Entries = entries.ToImmutable(), Agreed = Agreed.Add(own.Digest) }
            : this with { Differing = Differing.Add(own.Digest, TextOf(differences)) };
    }

    /// <summary>
    /// Takes what a node carries of another coordinator's book, behind what is known of it. Where it differs from what single nodes have
    /// told here, it counts, and everything is compared anew.
    /// </summary>
    public HashBook Learn(HashProtocol.Table carried)
    {
        var known = KnownOf(carried.Book);
        if (carried.Book == Id || carried.From > known || carried.End <= known)
            return this;
        var pieces = Pieces.ToBuilder();
        var entries = Entries.ToBuilder();
        var isReplaced = false;
        foreach (var hash in carried.Entries)
        {
            if (!pieces.TryGetValue(hash.Piece, out var held))
            {
                pieces.Add(hash.Piece, new Held(hash, entries.Count, null));
                entries.Add(hash);
            }
            else if (!held.IsCarried)
            {
                pieces[hash.Piece] = new Held(hash, held.Number, null);
                entries[held.Number] = hash;
                isReplaced |= held.Told != hash;
            }
        }

        var next = isReplaced ? new HashBook(Guid.NewGuid()) : this with { };
        return next with
        {
            Pieces = pieces.ToImmutable(),
            Entries = entries.ToImmutable(),
            Learned = (isReplaced ? Learned.SetItem(Id, Entries.Count) : Learned).SetItem(carried.Book, carried.End),
        };
    }

    /// <summary>The entries that a node misses; null when it has all.</summary>
    /// <param name="from">Entries of this book that it has.</param>
    public HashProtocol.Table? Behind(int from) => from >= Entries.Count || from < 0
        ? null
        : new HashProtocol.Table(Id, from, [.. Entries.Skip(from)]);

    private static string TextOf(List<string> differences)
    {
        var more = differences.Count - MostNamed;
        return $"its weights differ from the group's: {string.Join("; ", differences.Take(MostNamed))}"
            + (more > 0 ? $"; and {more} pieces more" : "");
    }

    /// <param name="Told">The piece and its hash.</param>
    /// <param name="Number">Its place among the entries.</param>
    /// <param name="Teller">The node that told it; null when nodes carried it here.</param>
    private sealed record Held(WeightHash Told, int Number, string? Teller)
    {
        public bool IsCarried => Teller is null;

        public string From => Teller is null ? "a node" : $"node {Teller}";
    }
}
