namespace AkkaCp.Npu;

/// <summary>An operator was called with an argument whose shape, layout or value it cannot take. Nothing was computed.</summary>
public sealed class NpuShapeException : ArgumentException
{
    /// <summary>CANN's status for a failed tiling or parameter check.</summary>
    public const int StatusCode = 561002;

    /// <summary>Creates the error.</summary>
    /// <param name="op">The operator, by its CANN name in Pascal case.</param>
    /// <param name="argument">The argument, by the operator's own name for it.</param>
    /// <param name="expected">What the operator takes.</param>
    /// <param name="found">What it was given.</param>
    public NpuShapeException(string op, string argument, string expected, string found)
        : base($"{op}: {argument}: expected {expected}, found {found} (status {StatusCode})")
    {
        Operator = op;
        Argument = argument;
        Expected = expected;
        Found = found;
    }

    /// <summary>The operator that refused.</summary>
    public string Operator { get; }

    /// <summary>The argument that was refused.</summary>
    public string Argument { get; }

    /// <summary>What the operator takes.</summary>
    public string Expected { get; }

    /// <summary>What it was given.</summary>
    public string Found { get; }
}
