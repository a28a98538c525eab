namespace AkkaCp.Serving.Output;

/// <summary>Nobody reads the output to its end: there is nothing to say and nobody to say it to.</summary>
internal sealed class UnreadOutputException(Exception? cause = null) : Exception("nobody reads the output", cause);
