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
}
