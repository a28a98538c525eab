using System.Net;

namespace AkkaCp.Settings;

/// <summary>What must hold between the keys of cluster and transport.</summary>
internal static class NodeSettingsChecks
{
    private static readonly TimeSpan s_leastNodeTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Reports every mistake.</summary>
    public static void Check(EngineSettings settings, SettingsSection section)
    {
        var (cluster, transport) = (settings.Cluster, settings.Transport);
        if (cluster.NodeTimeout < s_leastNodeTimeout)
            section.Report("cluster.node-timeout", "expected at least 3s, for nodes speak once a second", cluster.NodeTimeout);
        CheckReach("cluster.host", cluster.Host, transport, section);
        if (transport.Host is { } host)
            CheckReach("transport.host", host, transport, section);
        CheckTls(transport.Tls, section);
    }

    /// <summary>Whether only this machine reaches a listener there.</summary>
    public static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static void CheckReach(string key, string host, TransportSettings transport, SettingsSection section)
    {
        if (!IsLoopback(host) && !transport.Insecure && !transport.Tls.IsOn)
        {
            section.Report(
                key, "expected a loopback address, or transport.tls.certificate, or transport.insecure = on for a trusted network", host);
        }
    }

    private static void CheckTls(TlsSettings tls, SettingsSection section)
    {
        if (tls.IsOn && tls.Ca is null)
            section.Report("transport.tls.ca", "expected a file beside transport.tls.certificate", "none");
        if (tls.IsOn)
            return;
        foreach (var (key, value) in new[] { ("key", tls.Key), ("password", tls.Password), ("ca", tls.Ca) })
        {
            if (value is not null)
                section.Report("transport.tls.certificate", $"expected a file beside transport.tls.{key}", "off");
        }
    }
}
