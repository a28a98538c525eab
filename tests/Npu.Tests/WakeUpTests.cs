using Xunit;

namespace AkkaCp.Npu.Tests;

public sealed class WakeUpTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void SetBeforeTheWait_EndsItAtOnce_AndOnlyIt()
    {
        using var wake = new WakeUp();
        wake.Set();
        wake.Set();
        Assert.True(wake.Wait(s_patience));
        Assert.False(wake.Wait(TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void SetWhileTheThreadSleeps_WakesIt()
    {
        using var wake = new WakeUp();
        var woken = false;
        var sleeper = new Thread(() => woken = wake.Wait(s_patience));
        sleeper.Start();
        while (sleeper.ThreadState != ThreadState.WaitSleepJoin)
            Thread.Yield();

        wake.Set();
        Assert.True(sleeper.Join(s_patience));
        Assert.True(woken);
    }

    [Fact]
    public void SetAroundTheEndOfTheTime_IsNeverLost()
    {
        using var wake = new WakeUp();
        using var next = new SemaphoreSlim(0);
        const int times = 2000;
        var setter = new Thread(() =>
        {
            for (var i = 0; i < times; i++)
            {
                next.Wait();
                Thread.SpinWait(i % 200 * 10);
                wake.Set();
            }
        });
        setter.Start();
        for (var i = 0; i < times; i++)
        {
            next.Release();
            // What the short wait misses, the next one gets.
            if (!wake.Wait(TimeSpan.FromMicroseconds(1)))
                Assert.True(wake.Wait(s_patience), $"the set of turn {i} was lost");
        }

        setter.Join();
        Assert.False(wake.Wait(TimeSpan.Zero));
    }
}
