using Akka.Actor;
using Akka.TestKit.Xunit;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Nodes;

public class LogitsOutletSpec() : TestKit(AkkaConfig.Of(new EngineSettings()))
{
    private const int Window = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly Guid s_id = Guid.NewGuid();

    [Fact]
    public async Task Rows_AreHeldBackUntilEarlierOnesAreConfirmed()
    {
        var outlet = Outlet();
        var writing = Task.Run(() => Write(outlet, Window + 2));
        for (var position = 0; position < Window; position++)
            Assert.Equal(position, (await ExpectMsgAsync<LogitsProtocol.Row>(s_patience)).Position);
        Assert.False(writing.IsCompleted);

        outlet.Confirm(new LogitsProtocol.RowTaken(s_id, 3));
        outlet.Confirm(new LogitsProtocol.RowTaken(s_id, 0));
        await writing.WaitAsync(s_patience);
        Assert.Equal(Window, outlet.Unconfirmed);
    }

    [Fact]
    public async Task RowThatIsNotConfirmed_IsSentAgainThenGivenUp()
    {
        var outlet = Outlet();
        Write(outlet, 1);
        await ExpectMsgAsync<LogitsProtocol.Row>(s_patience);
        for (var second = 0; second < 4; second++)
            outlet.Tick();
        Assert.Equal(0, (await ExpectMsgAsync<LogitsProtocol.Row>(s_patience)).Position);

        for (var second = 0; second < 30; second++)
            outlet.Tick();
        Assert.Equal(0, outlet.Unconfirmed);
        Write(outlet, 100);
        Assert.Equal(0, outlet.Unconfirmed);
    }

    [Fact]
    public async Task EdgeWhoseProcessIsDead_HoldsNobodyBack()
    {
        var outlet = new LogitsOutlet(TestActor, Sys);
        outlet.Connect(new LogitsProtocol.Route(7, s_id, new Elsewhere()));
        var writing = Task.Run(() => Write(outlet, 10 * Window));
        await AwaitConditionAsync(() => Task.FromResult(outlet.Unconfirmed == Window), s_patience);
        outlet.Forget("10.0.0.2:4053");
        Assert.False(writing.IsCompleted);
        outlet.Forget("10.0.0.1:4053");
        await writing.WaitAsync(s_patience);
        Assert.Equal(0, outlet.Unconfirmed);
    }

    [Fact]
    public async Task EdgeThatHasEnded_HoldsNobodyBack_AndTheNextOfItsRequestGetsRows()
    {
        var outlet = Outlet();
        var writing = Task.Run(() => Write(outlet, 100));
        for (var position = 0; position < Window; position++)
            await ExpectMsgAsync<LogitsProtocol.Row>(s_patience);
        outlet.Forget(TestActor);
        await writing.WaitAsync(s_patience);

        var next = CreateTestProbe();
        outlet.Connect(new LogitsProtocol.Route(7, s_id, next));
        outlet.Write(7, 3, [1f]);
        Assert.Equal(3, (await next.ExpectMsgAsync<LogitsProtocol.Row>(s_patience)).Position);
    }

    [Fact]
    public async Task EdgeThatEnds_TellsWhoSentItRows()
    {
        var submit = new GenerationProtocol.Submit(s_id, [5, 6, 7], 3, 0, SamplingOptions.Greedy, [], AllLogits: true);
        var request = new OpenRequest(submit, (_, _) => { }, _ => { }, ClientFacts.None);
        var edge = Sys.ActorOf(EdgeActor.Props(ActorRefs.Nobody, request, new EdgeRules()));

        edge.Tell(new LogitsProtocol.Row(s_id, 0, [1f]), TestActor);
        await ExpectMsgAsync<LogitsProtocol.RowTaken>(s_patience);
        Sys.Stop(edge);

        await ExpectMsgAsync<LogitsProtocol.RowsEnded>(s_patience);
        Assert.Equal(edge, LastSender);
    }

    [Fact]
    public async Task EndOfTheEpoch_HoldsNobodyBack()
    {
        var outlet = Outlet();
        var writing = Task.Run(() => Write(outlet, 100));
        for (var position = 0; position < Window; position++)
            await ExpectMsgAsync<LogitsProtocol.Row>(s_patience);
        outlet.Close();
        await writing.WaitAsync(s_patience);
    }

    [Fact]
    public void RowsOfARequestThatDidNotAsk_GoNowhere()
    {
        var outlet = Outlet();
        outlet.Write(8, 0, [1f]);
        Assert.Equal(0, outlet.Unconfirmed);
    }

    private static void Write(LogitsOutlet outlet, int rows)
    {
        for (var position = 0; position < rows; position++)
            outlet.Write(7, position, [position]);
    }

    private LogitsOutlet Outlet()
    {
        var outlet = new LogitsOutlet(TestActor, Sys);
        outlet.Connect(new LogitsProtocol.Route(7, s_id, TestActor));
        return outlet;
    }

    /// <summary>An edge in another process.</summary>
    private sealed class Elsewhere : MinimalActorRef
    {
        public override ActorPath Path => new RootActorPath(new Address("akka.tcp", "akka-cp", "10.0.0.1", 4053)) / "user" / "edge";

        public override IActorRefProvider Provider => throw new NotSupportedException();
    }
}
