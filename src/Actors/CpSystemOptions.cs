using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Actors;

/// <summary>What <see cref="CpSystem"/> needs beside the settings: facts about the model and the ranks.</summary>
public sealed record CpSystemOptions
{
    /// <summary>Ranks, at least 1.</summary>
    public required int WorldSize { get; init; }

    /// <summary>CP ranks, at least 1; divides <see cref="WorldSize"/>.</summary>
    public required int CpSize { get; init; }

    /// <summary>The ranks. Its offer has a place for each of them, its facts have the size of their KV pools.</summary>
    public required IRankHost Host { get; init; }

    /// <summary>Token ids are below this.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Tokens of a request at most, prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Takes the log, by <see cref="LogCategories"/>. Default: nowhere.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Name of the actor system, seen in logs only. Default "akka-cp".</summary>
    public string Name { get; init; } = "akka-cp";
}
