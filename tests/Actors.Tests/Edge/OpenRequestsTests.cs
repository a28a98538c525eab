using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

public class OpenRequestsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task AllEnded_WaitsForTerminalRepliesAndNotForTheirReaders()
    {
        var requests = new OpenRequests(new EdgeRules(), ClientFacts.None);
        Assert.True(requests.AllEndedAsync().IsCompleted);
        await using var reader = requests.RunAsync(Request(), null, CancellationToken.None)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var reading = reader.MoveNextAsync();
        var ended = requests.AllEndedAsync();
        Assert.False(ended.IsCompleted);
        requests.EndAll();
        await ended.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.True(await reading);
        Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>(reader.Current).Error);
    }

    private static GenerationProtocol.Submit Request() =>
        new(Guid.NewGuid(), [.. FakeModel.Prompt(5)], 5, 5, SamplingOptions.Greedy, []);
}
