using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Keys wait for each other no longer than their share.</summary>
public class RequestQueueTests
{
    [Fact]
    public void OtherKey_WaitsForItsShareNotForAWholeQueue()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 4, StepsInFlight = 1 });
        for (var i = 0; i < 40; i++)
            driver.Submit(20, 10, salt: i, key: "many");
        for (var i = 0; i < 4; i++)
            driver.Submit(20, 10, salt: 100 + i, key: "few");
        driver.RunToEnd();

        // Four of the first key ran already; from then on they take turns.
        var order = Starts(driver);
        Assert.Equal([1, 2, 3, 4], order.Take(4));
        Assert.All(Enumerable.Range(41, 4), id => Assert.InRange(order.IndexOf(id), 4, 4 + (2 * (id - 40))));
        Assert.Equal(44, order.Count);
    }

    [Fact]
    public void OneKey_IsServedInOrderOfArrival()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1, StepsInFlight = 1 });
        for (var i = 0; i < 10; i++)
            driver.Submit(10 + (37 * i % 50), 3, salt: i, key: "one");
        driver.RunToEnd();
        Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id), Starts(driver));
    }

    [Fact]
    public void KeyThatWasIdle_GetsNoCreditForIt()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1, StepsInFlight = 1 });
        for (var i = 0; i < 20; i++)
            driver.Submit(20, 2, salt: i, key: "a");
        for (var i = 0; i < 20; i++)
            driver.EndStep();
        var before = Starts(driver).Count;
        for (var i = 0; i < 10; i++)
            driver.Submit(20, 2, salt: 50 + i, key: "b");
        driver.RunToEnd();

        var first = Starts(driver).Skip(before).Take(8).ToList();
        Assert.InRange(first.Count(id => id > 20), 3, 5);
    }

    [Fact]
    public void FullQueue_MakesRoomForAKeyThatHasLessOfIt()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1, QueueLimit = 4, StepsInFlight = 1 });
        var many = Enumerable.Range(0, 5).Select(i => driver.Submit(20, 5, salt: i, key: "many")).ToList();
        var few = Enumerable.Range(0, 3).Select(i => driver.Submit(20, 5, salt: 10 + i, key: "few")).ToList();

        // Two for each; the newest had to go, and a third would be one too many.
        foreach (var id in new[] { many[4], many[3], few[2] })
        {
            var refused = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id));
            Assert.Equal(FailureKind.Busy, refused.Error);
            Assert.Contains("4 requests wait", refused.Message);
        }

        driver.RunToEnd();
        Assert.All(many.Take(3).Concat(few.Take(2)), id => Assert.Equal(5, driver.TextOf(id).Count));
        driver.AssertNothingHeld();
    }

    private static List<long> Starts(SchedulerDriver driver) => driver.Plans.SelectMany(plan => plan.Requests)
        .Where(share => share.Start is not null).Select(share => share.SequenceId).ToList();
}
