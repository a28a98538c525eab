using System.Buffers;
using System.Globalization;
using System.Text;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// A JSON object that a model still writes: as much of it as is certain, and no more than JSON. White space and trailing commas go, half a
/// surrogate pair becomes U+FFFD; all else is as the model wrote it. A name, a number and a word come whole, texts as they grow. The brace
/// that ends the object is held back, so that what was cut is never whole.
/// </summary>
internal sealed class WrittenObject
{
    // The object lies in a call's, which counts as a level.
    private const int MaxDepth = WellFormedJson.MaxDepth - 1;

    private static readonly SearchValues<char> s_wordEnds = SearchValues.Create(" \t\r\n,]}");

    private readonly string _text;
    private readonly StringBuilder _told = new();
    private readonly Stack<char> _open = new();
    private int _at;
    private Place _place = Place.Value;
    private bool _holdsComma;

    private WrittenObject(string text, int start) => (_text, _at, End) = (text, start, start);

    private enum Place
    {
        Value,
        FirstName,
        Name,
        Colon,
        FirstItem,
        Item,
        Behind,
    }

    /// <summary>What is certain of it, without its last brace.</summary>
    public string Text => _told.ToString();

    /// <summary>Where the text begins that is not told yet; of a whole object its last brace.</summary>
    public int End { get; private set; }

    /// <summary>Whether it goes on with what is no JSON.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Reads an object.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">The object's brace in it.</param>
    public static WrittenObject Read(string text, int start)
    {
        var json = new WrittenObject(text, start);
        while (json._at < text.Length && json.Step())
        {
        }

        return json;
    }

    /// <summary>Reads one token; false where the text ends in it, or nothing more is to be read.</summary>
    private bool Step() => (_place, _text[_at]) switch
    {
        (_, ' ' or '\t' or '\r' or '\n') => Skip(),
        (Place.FirstName or Place.Name, '"') => Write('"') && Letters(Place.Colon),
        (Place.Colon, ':') => Write(':', Place.Value),
        (Place.FirstName or Place.Name or Place.Behind, '}') when _open.Peek() == '}' => Close(),
        (Place.FirstItem or Place.Item or Place.Behind, ']') when _open.Peek() == ']' => Close(),
        (Place.Behind, ',') => HoldComma(),
        (Place.Value or Place.FirstItem or Place.Item, '{') => Open('{', '}', Place.FirstName),
        (Place.Value or Place.FirstItem or Place.Item, '[') => Open('[', ']', Place.FirstItem),
        (Place.Value or Place.FirstItem or Place.Item, '"') => Write('"') && Letters(Place.Behind),
        (Place.Value or Place.FirstItem or Place.Item, _) => Word(),
        _ => Fail(),
    };

    private bool Skip()
    {
        _at++;
        return true;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }

    // A comma is only told with what follows it: it may be the last.
    private bool HoldComma()
    {
        _holdsComma = true;
        _place = _open.Peek() == '}' ? Place.Name : Place.Item;
        _at++;
        return true;
    }

    private bool Write(char letter, Place? next = null)
    {
        if (_holdsComma)
            _told.Append(',');
        _holdsComma = false;
        _told.Append(letter);
        End = ++_at;
        _place = next ?? _place;
        return true;
    }

    private bool Open(char letter, char close, Place next)
    {
        if (_open.Count == MaxDepth)
            return Fail();
        _open.Push(close);
        return Write(letter, next);
    }

    private bool Close()
    {
        _holdsComma = false;
        if (_open.Count > 1)
            return Write(_open.Pop(), Place.Behind);
        End = _at;
        return false;
    }

    /// <summary>A number, or true, false, null.</summary>
    private bool Word()
    {
        var length = _text.AsSpan(_at).IndexOfAny(s_wordEnds);
        if (length < 0)
            return false;
        var word = _text.AsSpan(_at, length);
        if (word is not ("true" or "false" or "null") && !ParameterValue.IsNumber(word))
            return Fail();
        Write(word[0], Place.Behind);
        _told.Append(word[1..]);
        End = _at += length - 1;
        return true;
    }

    /// <summary>A text behind its first quote.</summary>
    private bool Letters(Place next)
    {
        for (; _at < _text.Length; End = _at)
        {
            switch (_text[_at])
            {
                case '"':
                    return Write('"', next);
                case '\\':
                    if (!Escape())
                        return false;
                    break;
                case < ' ':
                    return Fail();
                case var high when char.IsHighSurrogate(high):
                    if (_at + 1 == _text.Length)
                        return false;
                    Take(char.IsLowSurrogate(_text[_at + 1]) ? 2 : 0, instead: 1);
                    break;
                case var letter:
                    Take(char.IsLowSurrogate(letter) ? 0 : 1, instead: 1);
                    break;
            }
        }

        return false;
    }

    /// <summary>An escape, or two that are a pair; false where the text ends in it, or it is none.</summary>
    private bool Escape()
    {
        if (_at + 1 == _text.Length)
            return false;
        if ("\"\\/bfnrt".Contains(_text[_at + 1], StringComparison.Ordinal))
            return Take(2);
        if (_text[_at + 1] != 'u')
            return Fail();
        if (!TryUnit(_at, out var unit))
            return false;
        if (!char.IsSurrogate(unit))
            return Take(6);
        if (char.IsLowSurrogate(unit) || (_at + 6 < _text.Length && _text[_at + 6] != '\\'))
            return Take(0, instead: 6);
        if (_at + 7 >= _text.Length)
            return false;
        if (_text[_at + 7] != 'u')
            return Take(0, instead: 6);
        return TryUnit(_at + 6, out var second) && (char.IsLowSurrogate(second) ? Take(12) : Take(0, instead: 6));
    }

    private bool TryUnit(int at, out char unit)
    {
        unit = default;
        var digits = _text.AsSpan(at + 2, Math.Min(4, _text.Length - at - 2));
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit))
                return Fail();
        }

        if (digits.Length < 4)
            return false;
        unit = (char)ushort.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>Tells some characters as they are; or, where none, U+FFFD instead of some.</summary>
    private bool Take(int count, int instead = 0)
    {
        _told.Append(_text, _at, count);
        if (count == 0)
            _told.Append('\uFFFD');
        _at += Math.Max(count, count == 0 ? instead : 0);
        return true;
    }
}
