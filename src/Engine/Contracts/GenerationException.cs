using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine;

/// <summary>A request failed. Text that was streamed before stays valid.</summary>
public sealed class GenerationException : Exception
{
    /// <summary>A failure with what, where, expected and found in its message.</summary>
    public GenerationException(FailureKind kind, string message, Exception? cause = null)
        : base(message, cause)
    {
        Kind = kind;
        Problems = [message];
    }

    /// <summary>An invalid request with all its mistakes.</summary>
    internal GenerationException(IReadOnlyList<string> problems)
        : base(string.Join("; ", problems))
    {
        Kind = FailureKind.Invalid;
        Problems = problems;
    }

    /// <summary>What kind of failure.</summary>
    public FailureKind Kind { get; }

    /// <summary>Each mistake of an invalid request, its field first; of other failures the message alone.</summary>
    public IReadOnlyList<string> Problems { get; }
}
