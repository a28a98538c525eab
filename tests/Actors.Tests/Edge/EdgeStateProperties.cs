using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

/// <summary>Whatever the network does: every token once and in order, then one terminal reply.</summary>
public class EdgeStateProperties
{
    private const int Prompt = 7;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, 0)]
    [InlineData(0.4, 0)]
    [InlineData(0, 0.02)]
    [InlineData(0.2, 0.02)]
    [InlineData(0.4, 0.05)]
    public void Text_IsCompleteAndComesOnce(double loss, double failover)
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var maxNew = seed % 40;
            var network = new SimulatedNetwork(seed, Prompt, maxNew, stop: []) { Loss = loss };
            for (var step = 0; step < 20 * seed % 700; step++)
            {
                network.Step(failover);
                if (step % 97 == 96)
                    network.Resume();
            }

            network.Heal();
            Check(network, FakeModel.Continue(FakeModel.Prompt(Prompt), maxNew), CompletionReason.Length, seed);
        }
    }

    [Theory]
    [InlineData(0.2, 0.02)]
    public void StopToken_EndsTheTextOnceWhoeverSaysSo(double loss, double failover)
    {
        var text = FakeModel.Continue(FakeModel.Prompt(Prompt), 12);
        for (var seed = 0; seed < 400; seed++)
        {
            var network = new SimulatedNetwork(seed, Prompt, 100, stop: [text[^1]]) { Loss = loss };
            for (var step = 0; step < 15 * seed % 600; step++)
                network.Step(failover);
            network.Heal();
            Check(network, text, CompletionReason.Stop, seed);
        }
    }

    [Fact]
    public void Cancelled_EndsOnceWithABeginOfTheText()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var network = new SimulatedNetwork(seed, Prompt, 30, stop: []) { Loss = 0.3 };
            for (var step = 0; step < seed; step++)
                network.Step(failover: 0.02);
            network.Cancel();
            for (var step = 0; step < 50; step++)
                network.Step(failover: 0.02);
            network.Heal();
            Assert.True(network.HasEnded, $"seed {seed}");
            Assert.Single(network.Given, reply => reply.IsTerminal);
            var tokens = network.Given.OfType<GenerationProtocol.TokenGenerated>().Select(token => token.Token.Id).ToList();
            Assert.Equal(FakeModel.Continue(FakeModel.Prompt(Prompt), tokens.Count), tokens);
        }
    }

    private static void Check(SimulatedNetwork network, IReadOnlyList<int> text, CompletionReason reason, int seed)
    {
        Assert.True(network.HasEnded, $"seed {seed}: no end");
        var last = Assert.IsType<GenerationProtocol.Completed>(Assert.Single(network.Given, reply => reply.IsTerminal));
        Assert.Same(last, network.Given[^1]);
        Assert.True(reason == last.Reason, $"seed {seed}: {last.Reason}");
        var tokens = network.Given.OfType<GenerationProtocol.TokenGenerated>().ToList();
        Assert.Equal(text, tokens.Select(token => token.Token.Id));
        Assert.Equal(Enumerable.Range(Prompt, text.Count), tokens.Select(token => token.Position));
    }
}
