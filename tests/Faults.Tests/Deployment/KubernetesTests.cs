using System.Globalization;
using System.Text.Json.Nodes;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Faults.Tests.Deployment;

/// <summary>deploy/kubernetes.yaml: what it says fits together, and pods under its names become a cluster, in network namespaces.</summary>
public sealed class KubernetesTests : ProcessTests
{
    private const string Key = "sample-key";
    private static readonly IReadOnlyList<JsonNode> s_yaml = Manifest.Read("kubernetes.yaml");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static JsonNode Nodes => s_yaml.Of("StatefulSet", "akkacp");

    // How long a pod has to be ready until the next one is taken down.
    private static readonly TimeSpan s_steady =
        TimeSpan.FromSeconds(int.Parse(Nodes.Text("spec", "minReadySeconds"), CultureInfo.InvariantCulture));

    private static JsonNode Gateway => s_yaml.Of("Deployment", "akkacp-gateway");

    private static string Configuration => s_yaml.Of("ConfigMap", "akkacp").Text("data", "akkacp.conf");

    private static IReadOnlyList<string> PodNames =>
    [
        .. Enumerable.Range(0, int.Parse(Nodes.Text("spec", "replicas"), CultureInfo.InvariantCulture))
            .Select(index => $"{Nodes.Text("metadata", "name")}-{index}"),
    ];

    [Fact]
    public void Seeds_AreTheNamesAndThePortOfThePods()
    {
        var service = s_yaml.Of("Service", Nodes.Text("spec", "serviceName"));
        var settings = Settings();

        Assert.Equal("None", service.Text("spec", "clusterIP"));
        Assert.Equal("true", service.Text("spec", "publishNotReadyAddresses"));
        Assert.Equal(
            PodNames.Select(pod => $"{pod}.{service.Text("metadata", "name")}:{PortOf(Nodes, "control")}"), settings.Cluster.Seeds);
        Assert.Equal(PortOf(Nodes, "data"), settings.Transport.Port);
        Assert.True(PodNames.Count > settings.Parallel.AttnCp, "expected a pod for every rank, and a spare");
    }

    [Fact]
    public void EverythingThatIsNamed_IsThere()
    {
        foreach (var workload in new[] { Nodes, Gateway })
        {
            var pod = workload["spec"]!["template"]!;
            Assert.Equal(workload["spec"]!["selector"]!["matchLabels"]!.ToJsonString(), pod["metadata"]!["labels"]!.ToJsonString());
            var mounts = Container(workload).List("volumeMounts").Select(mount => mount.Text("name"));
            Assert.Equal(pod.List("spec", "volumes").Select(volume => volume.Text("name")), mounts);
            Assert.InRange(PortOf(workload, Container(workload).Text("readinessProbe", "httpGet", "port")), 1, ushort.MaxValue);
            var grace = TimeSpan.FromSeconds(int.Parse(pod.Text("spec", "terminationGracePeriodSeconds"), CultureInfo.InvariantCulture));
            Assert.True(grace >= Settings().Scheduler.DrainTimeout + TimeSpan.FromSeconds(20), $"{grace} is too short to drain");
        }

        foreach (var service in s_yaml.Where(one => one.Text("kind") == "Service"))
        {
            var behind = new[] { Nodes, Gateway }.Single(workload => workload["spec"]!["selector"]!["matchLabels"]!.ToJsonString()
                == service["spec"]!["selector"]!.ToJsonString());
            Assert.All(service.List("spec", "ports"), port => Assert.InRange(PortOf(behind, port.Text("targetPort")), 1, ushort.MaxValue));
        }

        Assert.Equal(Settings().Cluster.HealthPort, PortOf(Nodes, Container(Nodes).Text("readinessProbe", "httpGet", "port")));
    }

    /// <summary>As an update of the set does, and as machines fail: one pod after the other comes back under its name elsewhere.</summary>
    [Fact]
    public async Task Pods_FindEachOtherByName_AndAgainAtOtherAddresses()
    {
        HostTests.SkipWhereThereAreNone("curl");
        using var network = new HostNetwork(PodNames.Count + 1);
        var client = network.Hosts[^1];
        var pods = PodNames.Select((name, index) => Pod(Nodes, name, network.Hosts[index])).ToList();
        var gateway = Pod(Gateway, "gateway", client);
        try
        {
            Name(network, pods);
            foreach (var pod in pods)
                pod.Start();
            gateway.Start();
            foreach (var pod in pods)
                await pod.UntilReadyAsync(client, Cancelled);
            await gateway.UntilReadyAsync(pods[0].Host, Cancelled);
            var first = await AskAsync(client);

            for (var i = pods.Count - 1; i >= 0; i--)
            {
                await pods[i].EndAsync(asked: i != 0);
                pods[i].Host.MoveTo($"10.77.0.{100 + i}");
                Name(network, pods);
                pods[i].Start();
                await pods[i].UntilReadyAsync(client, Cancelled, s_steady);
            }

            await gateway.UntilReadyAsync(pods[0].Host, Cancelled);
            Assert.Equal("61 + 33 = 94\n#### 94", first);
            Assert.Equal(first, await AskAsync(client));
            Assert.Equal("401", await gateway.StatusAsync(client, "/v1/models"));
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(string.Concat(pods.Append(gateway).Select(pod => pod.Tail)), error);
        }
    }

    // The cluster's name service.
    private static void Name(HostNetwork network, List<Container> pods)
    {
        var names = pods.Select(pod => (pod.Host.Address, $"{pod.Name}.{Nodes.Text("spec", "serviceName")}")).ToList();
        foreach (var host in network.Hosts)
            host.Know(names);
    }

    private Container Pod(JsonNode workload, string name, Host host)
    {
        var container = Container(workload);
        var probe = container["readinessProbe"]!["httpGet"]!;
        return new Container(host, Folder)
        {
            Name = name,
            Arguments = [.. container.List("args").Select(word => (string)word!)],
            Environment = address => Variables(container, name, address),
            Configuration = Configuration,
            Base = $"http://{{0}}:{PortOf(workload, probe.Text("port"))}",
            Probe = probe.Text("path"),
        };
    }

    private static List<(string Name, string Value)> Variables(JsonNode container, string pod, string address)
    {
        var known = new List<(string Name, string Value)>();
        foreach (var variable in container.List("env"))
        {
            var from = variable["valueFrom"];
            var value = from?["fieldRef"] is { } field ? (field.Text("fieldPath") == "metadata.name" ? pod : address)
                : from?["secretKeyRef"] is not null ? Key
                : known.Aggregate(
                    variable.Text("value"), (text, one) => text.Replace($"$({one.Name})", one.Value, StringComparison.Ordinal));
            known.Add((variable.Text("name"), value));
        }

        return known;
    }

    private static JsonNode Container(JsonNode workload) => Assert.Single(workload.List("spec", "template", "spec", "containers"));

    private static int PortOf(JsonNode workload, string name) => int.Parse(
        Container(workload).List("ports").Single(port => port.Text("name") == name).Text("containerPort"), CultureInfo.InvariantCulture);

    private EngineSettings Settings()
    {
        var file = Path.Combine(Folder, "akkacp.conf");
        File.WriteAllText(file, Configuration.Replace("${AKKACP_NAME}", "\"here\"", StringComparison.Ordinal));
        return EngineSettings.Load(file, []);
    }

    private static Task<string> AskAsync(Host client) => Question.AskAsync(client, "http://127.0.0.1:8080", Key);
}
