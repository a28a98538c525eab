namespace AkkaCp.Bench.Report;

/// <summary>How a figure is written.</summary>
internal enum FigureUnit
{
    /// <summary>A share, in percent.</summary>
    Share,

    /// <summary>A ratio.</summary>
    Ratio,

    /// <summary>Milliseconds.</summary>
    Milliseconds,

    /// <summary>Microseconds.</summary>
    Microseconds,

    /// <summary>Bytes.</summary>
    Bytes,
}

/// <summary>One figure that is asked for, and where its measurement comes from.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Asked">The value asked for.</param>
/// <param name="AtMost">Whether less is better.</param>
/// <param name="Unit">How it is written.</param>
/// <param name="Source">The record, or the records.</param>
/// <param name="Measure">Takes it out of the results; null when it was not measured.</param>
internal sealed record Figure(string Name, double Asked, bool AtMost, FigureUnit Unit, string Source, Func<ResultSet, double?> Measure)
{
    /// <summary>Whether a value is as good as asked.</summary>
    public bool IsMet(double value) => AtMost ? value <= Asked : value >= Asked;
}
