using AkkaCp.Server.Http;

namespace AkkaCp.Server.Answers;

/// <summary>The shape of an answer on one surface.</summary>
internal abstract class AnswerSurface
{
    /// <summary>Takes an event of a whole answer.</summary>
    public abstract void Collect(in AnswerEvent next);

    /// <summary>Writes the whole answer.</summary>
    public abstract Task WriteWholeAsync(ApiCall call);

    /// <summary>Says what comes first in a stream.</summary>
    public abstract Task BeginAsync(SseStream stream);

    /// <summary>Says an event of a stream.</summary>
    public abstract ValueTask SendAsync(SseStream stream, AnswerEvent next);

    /// <summary>Says what comes last in a stream, before the word that it is over.</summary>
    public abstract Task EndAsync(SseStream stream);
}
