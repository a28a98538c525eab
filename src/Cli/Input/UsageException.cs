namespace AkkaCp.Cli;

/// <summary>The command line, or a file that it names, is wrong: exit code 2.</summary>
public sealed class UsageException(string message) : Exception(message);
