using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Settings;

namespace AkkaCp.Actors;

/// <summary>One process's coordinator and ranks: takes requests, gives streams of replies. Safe for use by any number of threads.</summary>
public sealed class CpSystem : IAsyncDisposable
{
    /// <summary>Starts the actors; requests may be submitted at once and wait until the ranks are built.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static CpSystem Start(CpSettings settings, CpSystemOptions options) => throw new NotImplementedException();

    /// <summary>Ends when all ranks are built for the first time; faulted when one cannot be.</summary>
    public Task Ready => throw new NotImplementedException();

    /// <summary>The last picture of the coordinator.</summary>
    public CpStatus Status => throw new NotImplementedException();

    /// <summary>
    /// Runs one request. The stream ends with exactly one terminal reply, Completed or Failed; it does not throw. Cancelling the token
    /// (or leaving the enumeration) cancels the request; the stream then still ends with its terminal reply.
    /// </summary>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Refuses new requests, gives running ones up to <paramref name="drain"/>, ends the rest, disposes the pipelines.</summary>
    public Task StopAsync(TimeSpan drain) => throw new NotImplementedException();

    /// <summary>Stops without draining.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
