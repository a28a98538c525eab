namespace AkkaCp.Faults.Tests.Hosts;

/// <summary>
/// Hosts of their own on one machine: a network namespace each, joined by a bridge in another one, so that a link can be cut without
/// touching the machine's own network. Needs root and iproute2.
/// </summary>
internal sealed class HostNetwork : IDisposable
{
    private static int s_networks;

    private readonly string _prefix = $"acp{Environment.ProcessId}x{Interlocked.Increment(ref s_networks)}";
    private readonly List<Host> _hosts = [];
    private readonly DelayingSwitch? _delaying;

    /// <param name="hosts">How many.</param>
    /// <param name="delay">One way; zero joins the hosts by a kernel bridge, more by a switch of the tests' own.</param>
    public HostNetwork(int hosts, TimeSpan delay = default)
    {
        try
        {
            _delaying = delay > TimeSpan.Zero ? new DelayingSwitch(delay) : null;
            if (_delaying is null)
                CreateBridge();
            for (var i = 1; i <= hosts; i++)
                _hosts.Add(CreateHost(i));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The hosts.</summary>
    public IReadOnlyList<Host> Hosts => _hosts;

    private string Switch => $"{_prefix}s";

    /// <summary>Why there can be no such hosts here; null when there can.</summary>
    public static string? Missing()
    {
        if (!OperatingSystem.IsLinux())
            return "network namespaces need Linux";
        var name = $"acp{Environment.ProcessId}probe";
        var (exit, said) = Shell.TryRun("ip", "netns", "add", name);
        if (exit != 0)
            return $"network namespaces need root and iproute2: {said}";
        var link = Shell.TryRun("ip", "-n", name, "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1");
        Shell.TryRun("ip", "netns", "del", name);
        return link.Exit == 0 ? null : $"expected veth links, found: {link.Said}";
    }

    /// <summary>Removes hosts, links and bridge.</summary>
    public void Dispose()
    {
        foreach (var host in _hosts)
            host.Dispose();
        _delaying?.Dispose();
        Shell.TryRun("ip", "netns", "del", Switch);
    }

    private void CreateBridge()
    {
        Shell.Run("ip", "netns", "add", Switch);
        Shell.Run("ip", "-n", Switch, "link", "add", "name", "bridge", "type", "bridge");
        Shell.Run("ip", "-n", Switch, "link", "set", "bridge", "up");
    }

    private Host CreateHost(int number)
    {
        var space = $"{_prefix}h{number}";
        var address = $"10.77.0.{number}";
        Shell.Run("ip", "netns", "add", space);
        if (_delaying is not null)
            _delaying.Attach(space);
        else
            Plug(space, number);
        Shell.Run("ip", "-n", space, "address", "add", $"{address}/24", "dev", Host.Device);
        Shell.Run("ip", "-n", space, "link", "set", Host.Device, "up");
        Shell.Run("ip", "-n", space, "link", "set", "lo", "up");
        return new Host($"h{number}", space, address);
    }

    private void Plug(string space, int number)
    {
        Shell.Run("ip", "-n", space, "link", "add", "name", Host.Device, "type", "veth", "peer", "name", $"port{number}", "netns", Switch);
        Shell.Run("ip", "-n", Switch, "link", "set", $"port{number}", "master", "bridge");
        Shell.Run("ip", "-n", Switch, "link", "set", $"port{number}", "up");
    }
}
