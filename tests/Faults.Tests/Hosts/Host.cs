using System.Globalization;

namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>One host: a network namespace with a link to the others.</summary>
internal sealed class Host(string name, string space, string address) : IDisposable
{
    // ip-netns(8): what lies here is laid over /etc for programs of this namespace.
    private readonly string _etc = Path.Combine("/etc/netns", space);

    /// <summary>Its network device.</summary>
    public const string Device = "eth0";

    private readonly List<HostProcess> _processes = [];

    /// <summary>For reports.</summary>
    public string Name => name;

    /// <summary>Its IPv4 address.</summary>
    public string Address { get; private set; } = address;

    /// <summary>Starts a program there.</summary>
    public HostProcess Start(string label, params string[] command)
    {
        var process = new HostProcess(label, ["ip", "netns", "exec", space, .. command]);
        _processes.Add(process);
        return process;
    }

    /// <summary>It is at another address from now on.</summary>
    public void MoveTo(string other)
    {
        Shell.Run("ip", "-n", space, "address", "flush", "dev", Device);
        Shell.Run("ip", "-n", space, "address", "add", $"{other}/24", "dev", Device);
        Address = other;
    }

    /// <summary>Hosts that it knows by name. Programs that run there see a change at once, for the file stays the same.</summary>
    public void Know(IEnumerable<(string Address, string Name)> hosts)
    {
        Directory.CreateDirectory(_etc);
        File.WriteAllLines(
            Path.Combine(_etc, "hosts"), ["127.0.0.1 localhost", .. hosts.Select(host => $"{host.Address} {host.Name}")]);
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
        if (Directory.Exists(_etc))
            Directory.Delete(_etc, recursive: true);
    }
}
