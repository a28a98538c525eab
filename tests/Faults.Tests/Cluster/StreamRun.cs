using System.Diagnostics;
using AkkaCp.Faults.Tests.Hosts;
using Xunit;

namespace AkkaCp.Faults.Tests.Cluster;

/// <summary>Some streams at once, and what each should say.</summary>
internal sealed class StreamRun
{
    private const int Streams = 4;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(240);
    private static readonly Lazy<Task<string[]>> s_short = new(() => ExpectAsync(longPrompt: false));
    private static readonly Lazy<Task<string[]>> s_long = new(() => ExpectAsync(longPrompt: true));

    private readonly FaultCluster _cluster;
    private readonly HostProcess[] _streams;
    private readonly string[] _expected;

    private StreamRun(FaultCluster cluster, HostProcess[] streams, string[] expected) =>
        (_cluster, _streams, _expected) = (cluster, streams, expected);

    /// <summary>Starts them.</summary>
    /// <param name="cluster">Answers them.</param>
    /// <param name="longPrompt">Whether their prompts fill most of the context.</param>
    /// <param name="elsewhere">Where every second one runs; null for the clients' host, as the others.</param>
    public static async Task<StreamRun> StartAsync(FaultCluster cluster, bool longPrompt = false, Host? elsewhere = null)
    {
        var expected = await (longPrompt ? s_long : s_short).Value;
        return new StreamRun(
            cluster,
            [.. Enumerable.Range(1, Streams).Select(number => cluster.StartStream(number, longPrompt, number % 2 == 0 ? elsewhere : null))],
            expected);
    }

    /// <summary>Waits until every stream is well on its way and far from its end.</summary>
    public Task UntilDecodingAsync() => Task.WhenAll(_streams.Select(stream => stream.WaitForAsync(
        "100 letters", one => one.Output.Length >= 100, s_limit)));

    /// <summary>Waits until the first stream has its first letter: the others' prompts are inside.</summary>
    public async Task UntilPrefillingAsync() => await await Task.WhenAny(_streams.Select(stream => stream.WaitForAsync(
        "a prefill", one => one.Errors.Contains("prefill") || one.Output.Length > 0, s_limit)));

    /// <summary>Waits for the ends; every text must be whole and nothing twice.</summary>
    public async Task EndAsync()
    {
        for (var i = 0; i < _streams.Length; i++)
        {
            var exit = await _streams[i].WaitForExitAsync(s_limit);
            Assert.True(exit == 0, $"{_streams[i].Label}: expected exit code 0, found {exit}: {_streams[i].Tail()}{_cluster.Tail()}");
            Assert.Equal(_expected[i], _streams[i].Output);
        }
    }

    /// <summary>The longest silence of any stream that began after a moment, or was under way then.</summary>
    public TimeSpan LongestPause(long after) => _streams.Max(stream => LongestPause(stream.OutputPieces, after));

    private static TimeSpan LongestPause(IReadOnlyList<TimedText> pieces, long after)
    {
        var longest = TimeSpan.Zero;
        for (var i = 1; i < pieces.Count; i++)
        {
            var pause = Stopwatch.GetElapsedTime(pieces[i - 1].Timestamp, pieces[i].Timestamp);
            if (pieces[i].Timestamp > after && pause > longest)
                longest = pause;
        }

        return longest;
    }

    private static async Task<string[]> ExpectAsync(bool longPrompt)
    {
        var texts = new string[Streams];
        for (var i = 0; i < Streams; i++)
            texts[i] = await FaultCluster.UndisturbedAsync(i + 1, longPrompt);
        return texts;
    }
}
