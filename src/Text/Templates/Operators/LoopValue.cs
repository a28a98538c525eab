using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>
/// The variable "loop" of a for: the items are taken from it, one ahead where a template asks for the next, all where it asks for their
/// number and they are made while they are taken.
/// </summary>
internal sealed class LoopValue : CallableValue
{
    private readonly RenderContext _context;
    private readonly Func<TemplateValue, int, TemplateValue>? _recurse;
    private readonly int _depth0;
    private IEnumerator<TemplateValue> _items;
    private int? _length;
    private TemplateValue? _before, _current, _after;
    private IReadOnlyList<TemplateValue>? _lastChanged;

    /// <param name="context">The rendering.</param>
    /// <param name="items">What is walked through.</param>
    /// <param name="length">How many items there are; null where only taking them tells.</param>
    /// <param name="recurse">Renders the loop for other items, one level deeper; null where the loop is not recursive.</param>
    /// <param name="depth0">How many recursive calls this one is inside of.</param>
    public LoopValue(
        RenderContext context, IEnumerable<TemplateValue> items, int? length, Func<TemplateValue, int, TemplateValue>? recurse, int depth0)
    {
        _context = context;
        _items = items.GetEnumerator();
        _length = length;
        _recurse = recurse;
        _depth0 = depth0;
    }

    public override string TypeName => "LoopContext";

    public int Length => _length ??= CountAll();

    private int Index0 { get; set; } = -1;

    private bool IsLast => PeekNext() is null;

    /// <summary>The next item, or null at the end.</summary>
    public TemplateValue? Next()
    {
        var next = PeekNext();
        _after = null;
        if (next is null)
            return null;
        Index0++;
        (_before, _current) = (_current, next);
        return next;
    }

    /// <summary>A template may walk through its loop itself; items then come with the loop.</summary>
    public IEnumerable<TemplateValue> Rest()
    {
        while (Next() is { } item)
            yield return SequenceValue.Tuple(item, this);
    }

    public override TemplateValue? Attribute(string name) => name switch
    {
        "index0" => new IntegerValue(Index0),
        "index" => new IntegerValue(Index0 + 1),
        "revindex0" => new IntegerValue(Length - Index0 - 1),
        "revindex" => new IntegerValue(Length - Index0),
        "first" => BooleanValue.Of(Index0 == 0),
        "last" => BooleanValue.Of(IsLast),
        "length" => new IntegerValue(Length),
        "depth" => new IntegerValue(_depth0 + 1),
        "depth0" => new IntegerValue(_depth0),
        "previtem" => Index0 == 0 || _before is null ? new UndefinedValue("there is no previous item") : _before,
        "nextitem" => PeekNext() ?? new UndefinedValue("there is no next item"),
        "cycle" => new BuiltinValue((_, _, arguments) => Cycle(arguments), this),
        "changed" => new BuiltinValue((_, _, arguments) => Changed(arguments), this),
        _ => null,
    };

    /// <summary>loop(items): the text of a recursive loop for other items.</summary>
    public override TemplateValue Invoke(RenderContext context, CallArguments arguments)
    {
        var items = arguments.Bind("loop", "iterable")[0].Required("loop", "iterable");
        return _recurse is not null
            ? _recurse(items, _depth0 + 1)
            : throw new TemplateError("the loop must have the 'recursive' marker to be called recursively");
    }

    public override string Repr => string.Create(CultureInfo.InvariantCulture, $"<LoopContext {Index0 + 1}/{Length}>");

    private TemplateValue? PeekNext() => _after ??= _items.MoveNext() ? _items.Current : null;

    private int CountAll()
    {
        var rest = new List<TemplateValue>();
        while (_items.MoveNext())
            rest.Add(_items.Current);
        _items = rest.GetEnumerator();
        return rest.Count + Index0 + 1 + (_after is null ? 0 : 1);
    }

    private TemplateValue Cycle(CallArguments arguments)
    {
        var items = arguments.AllPositional("cycle");
        return items.Count > 0 ? items[(int)(Index0 % (BigInteger)items.Count)] : throw new TemplateError("cycle() needs an item to give");
    }

    private BooleanValue Changed(CallArguments arguments)
    {
        arguments.AllPositional("changed");
        var same = _lastChanged is not null
            && Comparison.AreEqual(_context, SequenceValue.Tuple(_lastChanged), SequenceValue.Tuple(arguments.Positional));
        _lastChanged = arguments.Positional;
        return BooleanValue.Of(!same);
    }
}
