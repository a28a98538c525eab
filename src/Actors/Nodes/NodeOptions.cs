using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Actors.Nodes;

/// <summary>What a process with ranks needs beside the settings.</summary>
public sealed record NodeOptions
{
    /// <summary>The ranks of this process. Stays the program's, which disposes it after the control plane has stopped.</summary>
    public required IRankHost Host { get; init; }

    /// <summary>Ranks of the layout, at least 1.</summary>
    public required int WorldSize { get; init; }

    /// <summary>CP ranks, at least 1; divides <see cref="WorldSize"/>.</summary>
    public required int CpSize { get; init; }

    /// <summary>Token ids are below this.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Tokens of a request at most, prompt and answer together.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Context at which a token's attention costs as much as all the rest of it, in tokens, at least 1. Default 8192.</summary>
    public int AttentionBalance { get; init; } = 8192;

    /// <summary>Takes the log, by <see cref="LogCategories"/>. Default: nowhere.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Hears of each change of the node's state, in order, on an actor's thread; must not block. Default: nobody.</summary>
    public Action<NodeStatus>? StateChanged { get; init; }
}
