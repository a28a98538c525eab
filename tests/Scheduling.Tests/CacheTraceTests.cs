using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// Sixteen chats in a pool that holds ten, one turn after another, beside a list of whole blocks in order of their last use: as many
/// tokens are to be reused as that list would.
/// </summary>
public class CacheTraceTests
{
    private const int Chats = 16;
    private const int Block = 16;
    private const int First = 600;
    private const int Question = 40;
    private const int Answer = 24;
    private const int Longest = 1000;
    private const int PoolBlocks = 10 * (First + Longest) / 2 / Block;

    [Fact]
    public void ChatsDrawnByZipf_ReuseWhatLeastRecentUseWouldKeep()
    {
        var rng = new Rng(1);
        var weights = Enumerable.Range(1, Chats).Select(rank => 1.0 / rank).ToArray();
        var (reused, expected) = Play(Enumerable.Range(0, 1500).Select(_ => Draw(rng, weights)));
        Assert.True(expected > 100_000, $"{expected}");
        Assert.InRange(reused, (long)Math.Ceiling(0.98 * expected), long.MaxValue);
    }

    [Fact]
    public void ChatsInTurns_ReuseNothingAndFailNowhere()
    {
        var (reused, expected) = Play(Enumerable.Range(0, 500).Select(turn => turn % Chats));
        Assert.Equal((0, 0), (reused, expected));
    }

    private static int Draw(Rng rng, double[] weights)
    {
        var left = rng.Next(1_000_000) / 1e6 * weights.Sum();
        for (var chat = 0; chat < weights.Length - 1; chat++)
        {
            if ((left -= weights[chat]) < 0)
                return chat;
        }

        return weights.Length - 1;
    }

    private static (long Reused, long Expected) Play(IEnumerable<int> trace)
    {
        var driver = new SchedulerDriver(kvBlocks: PoolBlocks + 1, blockSize: Block);
        var simulated = new LeastRecentUse();
        var chats = Enumerable.Range(0, Chats).Select(_ => new List<int>()).ToArray();
        var begun = 0;
        foreach (var chat in trace)
        {
            var tokens = chats[chat];
            if (tokens.Count + Question + Answer > Longest)
                tokens.Clear();
            tokens.AddRange(tokens.Count == 0 ? FakeModel.Prompt(First, salt: ++begun) : FakeModel.Prompt(Question, tokens.Count));

            var id = driver.Submit(tokens.Count, Answer, tokens: [.. tokens]);
            driver.RunToEnd();
            Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id));
            var prompt = tokens.Count;
            tokens.AddRange(driver.TextOf(id));
            simulated.Run(tokens, prompt);
        }

        driver.AssertNothingHeld();
        return (driver.State.CachedTokens, simulated.Reused);
    }

    /// <summary>Whole blocks, each known by all tokens up to its end, the one used longest ago first.</summary>
    private sealed class LeastRecentUse
    {
        private readonly List<(int Length, ulong Context)> _blocks = [];

        public long Reused { get; private set; }

        public void Run(List<int> tokens, int prompt)
        {
            // The last token of the answer is never run.
            var computed = tokens.Count - 1;
            var full = new List<(int Length, ulong Context)>();
            for (var (i, context) = (0, 0UL); i < computed; i++)
            {
                context = FakeModel.Read(context, tokens[i]);
                if ((i + 1) % Block == 0)
                    full.Add((i + 1, context));
            }

            var hits = full.TakeWhile(block => block.Length < prompt && _blocks.Contains(block)).Count();
            Reused += hits * Block;
            _blocks.RemoveAll(full.Take(hits).Contains);
            var needed = (computed + Block - 1) / Block;
            _blocks.RemoveRange(0, Math.Clamp(_blocks.Count + needed - PoolBlocks, 0, _blocks.Count));
            _blocks.RemoveAll(full.Contains);
            _blocks.AddRange(full.AsEnumerable().Reverse());
        }
    }
}
