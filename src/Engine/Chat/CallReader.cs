using System.Buffers;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Reads the calls of one answer. A model that its template teaches <c>&lt;function=NAME&gt;</c> is read in that form too; Hermes calls,
/// which cannot be mistaken for them, are always read.
/// </summary>
internal sealed class CallReader
{
    private readonly OfferedTools _tools;
    private readonly bool _readsXml;

    /// <param name="tools">The tools of the request.</param>
    /// <param name="readsXml">Whether the template writes Qwen3-Coder's form.</param>
    public CallReader(OfferedTools tools, bool readsXml)
    {
        _tools = tools;
        _readsXml = readsXml;
        Openers = readsXml ? [AnswerTags.CallOpen, AnswerTags.FunctionOpen] : [AnswerTags.CallOpen];
    }

    /// <summary>The tags where a call may begin.</summary>
    public IReadOnlyList<string> Openers { get; }

    /// <summary>Reads a call.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">An opener in it.</param>
    /// <param name="isWhole">Whether no more text comes.</param>
    public CallReading Read(string text, int start, bool isWhole)
    {
        var scan = new TagScanner(text, start, isWhole);
        if (!scan.Take(AnswerTags.CallOpen))
            return XmlCalls.Read(_tools, text, start, isBare: true, isWhole);
        scan.SkipSpace();
        if (scan.Is("{"))
            return HermesCalls.Read(text, scan.At, isWhole);
        if (_readsXml && scan.Is(AnswerTags.FunctionOpen))
            return XmlCalls.Read(_tools, text, scan.At, isBare: false, isWhole);
        return scan.RanShort ? CallReading.More() : CallReading.None;
    }

    /// <summary>What is certain of calls that are still written. Without the tag around them, nothing is before they are whole.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">An opener in it.</param>
    public BegunCalls Follow(string text, int start)
    {
        var scan = new TagScanner(text, start, isWhole: false);
        if (!scan.Take(AnswerTags.CallOpen))
            return BegunCalls.None;
        scan.SkipSpace();
        if (scan.Is("{"))
            return HermesCalls.Follow(text, scan.At);
        return _readsXml && scan.Is(AnswerTags.FunctionOpen) ? XmlCalls.Follow(_tools, text, scan.At) : BegunCalls.None;
    }
}

/// <summary>What a reader found where a call may begin: calls, none, or a beginning that more text will decide about.</summary>
internal readonly record struct CallReading
{
    private CallReading(IReadOnlyList<ToolCall> calls, int end, bool needsMore, SearchValues<string>? awaits)
    {
        Calls = calls;
        End = end;
        NeedsMore = needsMore;
        Awaits = awaits;
    }

    /// <summary>No call: the tag is text like any other.</summary>
    public static CallReading None { get; } = new([], 0, needsMore: false, null);

    /// <summary>The calls; empty when there are none, or none yet.</summary>
    public IReadOnlyList<ToolCall> Calls { get; }

    /// <summary>Where the text behind the calls begins.</summary>
    public int End { get; }

    /// <summary>Whether the text ended too early to tell.</summary>
    public bool NeedsMore { get; }

    /// <summary>What a call cannot end without, so that reading again before it comes finds no call; null where any text may end it.
    /// </summary>
    public SearchValues<string>? Awaits { get; }

    /// <summary>Whole calls.</summary>
    public static CallReading Found(IReadOnlyList<ToolCall> calls, int end) => new(calls, end, needsMore: false, null);

    /// <summary>The text ended too early.</summary>
    public static CallReading More(SearchValues<string>? awaits = null) => new([], 0, needsMore: true, awaits);
}
