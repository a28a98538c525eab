namespace AkkaCp.Settings;

/// <summary>The configuration is wrong; names every mistake.</summary>
public sealed class SettingsException : Exception
{
    /// <summary>All mistakes at once.</summary>
    public SettingsException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>One line each: key, what is expected, what is found.</summary>
    public IReadOnlyList<string> Problems { get; }
}
