using Akka.Actor;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Keeps a <see cref="HashBook"/> and the nodes' copies of it equal: asks nodes for what the book lacks, and gives them what they lack.
/// Tables are large, so each is asked for and sent once, and again only when nothing came of it for some seconds. Used on the
/// coordinator's turn only.
/// </summary>
/// <param name="tell">Tells a node.</param>
internal sealed class HashExchange(Action<IActorRef, IWireMessage> tell)
{
    private const int Resend = 5;

    private readonly Dictionary<object, int> _pending = [];
    private readonly Dictionary<IActorRef, HashProtocol.Mark> _marks = [];

    /// <summary>What is known.</summary>
    public HashBook Book { get; private set; } = HashBook.Create();

    /// <summary>Whether a node carries something that is not in the book yet: by what it says, nobody has been judged.</summary>
    public bool IsLearning => _marks.Values.Any(Carries);

    /// <summary>A node says where it is; refused nodes too, for they may be the next coordinator's home.</summary>
    public void Hear(IActorRef node, HashProtocol.Mark mark)
    {
        _marks[node] = mark;
        Exchange(node, mark);
    }

    /// <summary>A node has told what it has loaded.</summary>
    public void Take(HashProtocol.Own own) => Turn(Book.Compare(own));

    /// <summary>A node has told what it carries.</summary>
    public void Take(HashProtocol.Table carried) => Turn(Book.Learn(carried));

    /// <summary>The node is gone.</summary>
    public void Forget(IActorRef node) => _marks.Remove(node);

    /// <summary>A second later.</summary>
    public void Tick()
    {
        foreach (var (what, age) in _pending.ToList())
        {
            if (age >= Resend)
                _pending.Remove(what);
            else
                _pending[what] = age + 1;
        }
    }

    /// <remarks>New entries go out at once: whoever told them may be gone in a moment.</remarks>
    private void Turn(HashBook next)
    {
        if (ReferenceEquals(next, Book))
            return;
        Book = next;
        foreach (var (node, mark) in _marks)
            Exchange(node, mark);
    }

    /// <remarks>
    /// What a node carries is learned before anything it has loaded is judged, and before it gets another book in exchange.
    /// </remarks>
    private void Exchange(IActorRef node, HashProtocol.Mark mark)
    {
        if (Carries(mark))
        {
            var ask = new HashProtocol.AskCarried(mark.Book, Book.KnownOf(mark.Book));
            if (_pending.TryAdd(ask, 0))
                tell(node, ask);
            return;
        }

        if (!Book.Agrees(mark.Own) && Book.DifferencesOf(mark.Own) is null && _pending.TryAdd(mark.Own, 0))
            tell(node, HashProtocol.AskOwn.Instance);
        GiveBook(node, mark.Book == Book.Id ? mark.Carried : 0);
    }

    private bool Carries(HashProtocol.Mark mark) => mark.Book != Book.Id && mark.Carried > Book.KnownOf(mark.Book);

    private void GiveBook(IActorRef node, int carried)
    {
        // Sent before, and on its way: only what is behind it.
        var sent = _pending.Keys.OfType<Sent>().Where(one => one.Node.Equals(node) && one.Book == Book.Id).Select(one => one.End);
        if (Book.Behind(sent.Append(carried).Max()) is { } table && _pending.TryAdd(new Sent(node, table.Book, table.End), 0))
            tell(node, table);
    }

    private sealed record Sent(IActorRef Node, Guid Book, int End);
}
