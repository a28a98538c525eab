using Xunit;

namespace AkkaCp.Engine.Tests;

public class LogitsTests
{
    private static readonly int[] s_tokens = [5, 6, 7];

    [Fact]
    public async Task Cancelling_ThrowsRatherThanGivingAPartForTheWhole()
    {
        using var cancelling = new CancellationTokenSource();
        var backend = new FakeBackend { WhilePrefilling = () => cancelling.Cancel() };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Engine(backend).LogitsAsync(s_tokens, (_, _) => { }, cancellationToken: cancelling.Token));

        Assert.Equal(1, backend.Cancelled);
    }

    private static InferenceEngine Engine(FakeBackend backend) => new(backend, TestModel.Demo);
}
