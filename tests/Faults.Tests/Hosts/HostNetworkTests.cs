using Xunit;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>The hosts themselves: a fault that the suite cannot cause would be a test that cannot fail.</summary>
public sealed class HostNetworkTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Hosts_ReachEachOther_UntilALinkIsCut()
    {
        HostTests.SkipWhereThereAreNone("ping");
        using var network = new HostNetwork(2);
        var (first, second) = (network.Hosts[0], network.Hosts[1]);

        Assert.Equal(0, await PingAsync(first, second));
        second.CutLink();
        Assert.NotEqual(0, await PingAsync(first, second));
        second.MendLink();
        Assert.Equal(0, await PingAsync(first, second));
    }

    [Fact]
    public async Task DelayingSwitch_DelaysBothWays()
    {
        HostTests.SkipWhereThereAreNone("ping");
        using var network = new HostNetwork(2, TimeSpan.FromMilliseconds(20));
        var ping = network.Hosts[0].Start("ping", "ping", "-c", "3", "-i", "0.2", network.Hosts[1].Address);

        Assert.Equal(0, await ping.WaitForExitAsync(s_limit));
        var shortest = double.Parse(
            ping.Output.Split("min/avg/max").Last().Split('=').Last().Trim().Split('/')[0],
            System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(shortest, 40, 400);
    }

    private static async Task<int> PingAsync(Host from, Host to) =>
        await from.Start("ping", "ping", "-c", "1", "-W", "2", to.Address).WaitForExitAsync(s_limit);
}
