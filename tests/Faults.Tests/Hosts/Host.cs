using System.Globalization;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>One host: a network namespace with a link to the others.</summary>
internal sealed class Host(string name, string space, string address) : IDisposable
{
    /// <summary>Its network device.</summary>
    public const string Device = "eth0";

    private readonly List<HostProcess> _processes = [];

    /// <summary>For reports.</summary>
    public string Name => name;

    /// <summary>Its IPv4 address.</summary>
    public string Address => address;

    /// <summary>Starts a program there.</summary>
    public HostProcess Start(string label, params string[] command)
    {
        var process = new HostProcess(label, ["ip", "netns", "exec", space, .. command]);
        _processes.Add(process);
        return process;
    }

    /// <summary>Nothing goes in or out from now on.</summary>
    public void CutLink() => Shell.Run("ip", "-n", space, "link", "set", Device, "down");

    /// <summary>Mends the link.</summary>
    public void MendLink() => Shell.Run("ip", "-n", space, "link", "set", Device, "up");

    /// <summary>Loses a share of the packets that come in.</summary>
    public void LosePackets(double share) => Shell.Run(
        "ip", "netns", "exec", space, "iptables", "-A", "INPUT", "-i", Device, "-m", "statistic", "--mode", "random",
        "--probability", share.ToString(CultureInfo.InvariantCulture), "-j", "DROP");

    /// <summary>Hears nothing of another host from now on.</summary>
    public void Ignore(Host other) => Shell.Run(
        "ip", "netns", "exec", space, "iptables", "-A", "INPUT", "-s", other.Address, "-j", "DROP");

    /// <summary>Hears everybody again.</summary>
    public void HearAll() => Shell.Run("ip", "netns", "exec", space, "iptables", "-F", "INPUT");

    /// <summary>Limits what goes out.</summary>
    /// <param name="rate">As tc writes it: 1gbit.</param>
    public void LimitRate(string rate) => Shell.Run(
        "ip", "netns", "exec", space, "tc", "qdisc", "replace", "dev", Device, "root", "tbf", "rate", rate, "burst", "256kb",
        "latency", "50ms");

    /// <summary>Kills what runs there and removes it.</summary>
    public void Dispose()
    {
        foreach (var process in _processes)
            process.Dispose();
        Shell.TryRun("ip", "netns", "del", space);
    }
}
