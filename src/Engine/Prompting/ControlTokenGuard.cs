using System.Text;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Engine.Prompting;

/// <summary>
/// Keeps what a user writes from becoming control tokens. A prompt is rendered as one text, in which the template's
/// <c>&lt;|im_end|&gt;</c> and a user's cannot be told apart; so a mark, a letter that none of the texts has, goes into each
/// control token that a user wrote, behind its first character. Rendered, the text is cut at the control tokens that are whole,
/// which are the template's; what lies between them loses its marks and is encoded with control tokens disabled.
/// Texts without control tokens reach the template untouched, so its output is byte-identical for them.
/// </summary>
internal sealed class ControlTokenGuard
{
    // Letters that a template's filters and JSON writer leave as they are, having no case: Yi, then Hangul.
    private static readonly (char First, char Last)[] s_markRanges = [('\uA000', '\uA48C'), ('\uAC00', '\uD7A3')];

    private readonly Tokenizer _tokenizer;
    private readonly string[] _controls;
    private readonly System.Buffers.SearchValues<string> _anyControl;

    /// <summary>Collects the tokenizer's control tokens.</summary>
    public ControlTokenGuard(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        // Longest first, so that of two that begin alike the longer one is found.
        _controls = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(tokenizer.IsSpecial)
            .Select(id => tokenizer.Decode([id])).Where(text => text.Length > 1).OrderByDescending(text => text.Length)];
        _anyControl = System.Buffers.SearchValues.Create(_controls, StringComparison.Ordinal);
    }

    /// <summary>Whether a text holds a control token.</summary>
    public bool IsNeededFor(string text) => text.AsSpan().ContainsAny(_anyControl);

    /// <summary>A letter that occurs in none of the texts; null when they have all of thousands.</summary>
    public static char? ChooseMark(IReadOnlyCollection<string> texts)
    {
        foreach (var (first, last) in s_markRanges)
        {
            for (var mark = first; mark <= last; mark++)
            {
                if (!texts.Any(text => text.Contains(mark, StringComparison.Ordinal)))
                    return mark;
            }
        }

        return null;
    }

    /// <summary>The text with the mark in each of its control tokens.</summary>
    public string Mark(string text, char mark)
    {
        var marked = new StringBuilder(text.Length + 8);
        var rest = text.AsSpan();
        for (var found = rest.IndexOfAny(_anyControl); found >= 0; found = rest.IndexOfAny(_anyControl))
        {
            // Behind the first character only: what follows may be another control token's beginning.
            marked.Append(rest[..(found + 1)]).Append(mark);
            rest = rest[(found + 1)..];
        }

        return marked.Append(rest).ToString();
    }

    /// <summary>The ids of a rendered text whose marked control tokens are plain text.</summary>
    public int[] Encode(string rendered, char mark)
    {
        var ids = new List<int>(rendered.Length / 2);
        var rest = rendered;
        while (rest.Length > 0)
        {
            var at = rest.AsSpan().IndexOfAny(_anyControl);
            var plain = (at < 0 ? rest : rest[..at]).Replace(mark.ToString(), "", StringComparison.Ordinal);
            ids.AddRange(_tokenizer.Encode(plain, allowSpecial: false));
            if (at < 0)
                break;
            var control = _controls.First(text => rest.AsSpan(at).StartsWith(text, StringComparison.Ordinal));
            ids.AddRange(_tokenizer.Encode(control));
            rest = rest[(at + control.Length)..];
        }

        return [.. ids];
    }
}
