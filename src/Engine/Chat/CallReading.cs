using System.Buffers;

namespace AkkaCp.Engine.Chat;

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
