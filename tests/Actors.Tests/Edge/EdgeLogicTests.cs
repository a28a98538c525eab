using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Simulation;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

public class EdgeLogicTests
{
    [Fact]
    public void RequestThatWaitsForItsRows_EndsThoughItsNodeJoinsAgainMeanwhile()
    {
        var world = new Simulation.Simulation(seed: 1);
        var process = world.StartProcess("c");
        var submit = new GenerationProtocol.Submit(
            Guid.NewGuid(), [.. FakeModel.Prompt(5)], 5, 0, SamplingOptions.Greedy, [], AllLogits: true);
        var request = new OpenRequest(submit, (_, _) => { }, _ => { }, ClientFacts.None);

        var first = Attach(request, process);
        first.Hear(
            new EdgeProtocol.Ended(submit.RequestId, 5,
                new GenerationProtocol.Completed(submit.RequestId, CompletionReason.Length, PrefillPlacement.None)), null);
        Assert.False(request.Replies.TryRead(out _));
        first.End();

        Attach(request, process);
        GenerationProtocol.IReply? reply;
        while (!request.Replies.TryRead(out reply))
            world.Time.Next();
        Assert.Equal("5 rows of logits were lost", Assert.IsType<GenerationProtocol.Failed>(reply).Message);
    }

    private static SimActor Attach(OpenRequest request, SimProcess process)
    {
        var actor = new SimActor(process, "edge");
        var logic = new EdgeLogic(new SimProxy(process, () => null), request, new EdgeRules(), actor);
        actor.Become(logic.Hear, logic.Start, logic.End);
        return actor;
    }
}
