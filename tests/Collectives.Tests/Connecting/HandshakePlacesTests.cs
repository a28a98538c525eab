using AkkaCp.Collectives.Connecting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AkkaCp.Collectives.Tests.Connecting;

public class HandshakePlacesTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly HandshakeRules s_rules = new() { Most = 3 };

    private readonly FakeTimeProvider _time = new();
    private readonly HandshakePlaces _places;

    public HandshakePlacesTests() => _places = new HandshakePlaces(s_rules, _time);

    [Fact]
    public async Task Handshake_EndsWithItsTime()
    {
        using var one = await Enter();
        _time.Advance(s_rules.Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(one.Over.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(one.Over.IsCancellationRequested);
        Assert.False(one.WasShownOut);
    }

    [Fact]
    public async Task NewcomerToAFullHouse_TakesThePlaceOfTheOldestThatSaysNothing_AfterItsFairTime()
    {
        var all = new List<HandshakePlace>();
        for (var i = 0; i < s_rules.Most; i++)
        {
            all.Add(await Enter());
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        all[0].HasSpoken = true;
        var newcomer = _places.EnterAsync(TestContext.Current.CancellationToken);
        Assert.False(newcomer.IsCompleted);
        _time.Advance(s_rules.Silent - TimeSpan.FromMilliseconds(21));
        Assert.DoesNotContain(all, one => one.WasShownOut);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        using var entered = await newcomer.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Equal([false, true, false], all.Select(one => one.WasShownOut));
        Assert.True(all[1].Over.IsCancellationRequested);
        Assert.Equal(s_rules.Most, _places.Count);
    }

    [Fact]
    public async Task ThoseWhoHaveSpoken_KeepTheirPlacesLonger()
    {
        var all = new List<HandshakePlace>();
        for (var i = 0; i < s_rules.Most; i++)
        {
            all.Add(await Enter());
            all[^1].HasSpoken = true;
        }

        var newcomer = _places.EnterAsync(TestContext.Current.CancellationToken);
        _time.Advance(s_rules.Spoken - TimeSpan.FromMilliseconds(1));
        Assert.False(newcomer.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        using var entered = await newcomer.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Single(all, one => one.WasShownOut);
    }

    [Fact]
    public async Task PlaceThatIsLeft_GoesToTheNewcomerAtOnce()
    {
        var first = await Enter();
        await Enter();
        await Enter();
        var newcomer = _places.EnterAsync(TestContext.Current.CancellationToken);
        first.Dispose();
        using var entered = await newcomer.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.False(first.WasShownOut);
        Assert.Equal(3, _places.Count);
    }

    [Fact]
    public async Task PlaceThatIsKept_IsWaitedFor()
    {
        var all = new[] { await Enter(), await Enter(), await Enter() };
        Array.ForEach(all, one => one.Keep());
        var newcomer = _places.EnterAsync(TestContext.Current.CancellationToken);
        _time.Advance(10 * s_rules.Limit);
        Assert.False(newcomer.IsCompleted);
        Assert.DoesNotContain(all, one => one.Over.IsCancellationRequested);
        all[1].Dispose();
        using var entered = await newcomer.WaitAsync(s_patience, TestContext.Current.CancellationToken);
    }

    private Task<HandshakePlace> Enter() =>
        _places.EnterAsync(TestContext.Current.CancellationToken).WaitAsync(s_patience, TestContext.Current.CancellationToken);
}
