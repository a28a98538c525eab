using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace AkkaCp.Engine.Generation;

/// <summary>Several answers to a request as one stream.</summary>
internal static class ChoiceMerge
{
    // Of all of them together: a reader that does not read holds all of them up.
    private const int Room = 64;

    /// <summary>The chunks of all answers as they come, each answer's in order. The first that fails ends all.</summary>
    /// <param name="answers">Gives the answer of each, which ends when it is cancelled.</param>
    /// <param name="count">How many.</param>
    /// <param name="width">Choices that each of them has itself: their numbers follow one another.</param>
    /// <param name="cancellationToken">Ends all.</param>
    public static async IAsyncEnumerable<GenerationChunk> Merge(
        Func<int, CancellationToken, IAsyncEnumerable<GenerationChunk>> answers, int count, int width,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var chunks = Channel.CreateBounded<GenerationChunk>(new BoundedChannelOptions(Room) { SingleReader = true });
        var reading = Task.WhenAll(Enumerable.Range(0, count).Select(ReadAsync));
        _ = reading.ContinueWith(_ => chunks.Writer.TryComplete(), TaskScheduler.Default);
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return chunk;
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ReadAsync(int index)
        {
            try
            {
                await foreach (var chunk in answers(index, ending.Token).ConfigureAwait(false))
                {
                    var own = chunk with { Choice = (index * width) + chunk.Choice };
                    await chunks.Writer.WriteAsync(own, ending.Token).ConfigureAwait(false);
                }
            }
            catch (Exception error)
            {
                chunks.Writer.TryComplete(error);
                await ending.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }
}
