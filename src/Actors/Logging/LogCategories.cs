namespace AkkaCp.Actors.Logging;

/// <summary>Names under which a program finds the log, to keep or drop each by itself.</summary>
public static class LogCategories
{
    /// <summary>What this engine tells: of nodes, ranks, requests and connections.</summary>
    public const string Engine = "AkkaCp";

    /// <summary>What Akka.NET tells of its own doings.</summary>
    public const string Akka = "Akka";
}
