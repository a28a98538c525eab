using System.Text.Json.Nodes;
using AkkaCp.Faults.Tests.Hosts;
using Xunit;

namespace AkkaCp.Faults.Tests.Deployment;

/// <summary>deploy/compose.yaml: its services, under their names in network namespaces, answer.</summary>
public sealed class ComposeTests : ProcessTests
{
    private const string Key = "sample-key";
    private static readonly JsonNode s_services = Assert.Single(Manifest.Read("compose.yaml"))["services"]!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Services_AreAClusterThatAnswers()
    {
        HostTests.SkipWhereThereAreNone("curl");
        using var network = new HostNetwork(s_services.AsObject().Count);
        var containers = s_services.AsObject().Select((pair, index) => Service(pair.Key, pair.Value!, network.Hosts[index])).ToList();
        try
        {
            foreach (var host in network.Hosts)
                host.Know(containers.Select(one => (one.Host.Address, one.Name)));
            foreach (var container in containers)
                container.Start();
            foreach (var container in containers)
                await container.UntilReadyAsync(network.Hosts[0], Cancelled);

            var gateway = containers.Single(one => one.Name == "gateway").Host.Address;
            Assert.Equal("61 + 33 = 94\n#### 94", await Question.AskAsync(network.Hosts[0], $"http://{gateway}:8080", Key));
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(string.Concat(containers.Select(one => one.Tail)), error);
        }
    }

    private Container Service(string name, JsonNode service, Host host)
    {
        var variables = service["environment"]!.AsObject().Select(one => (one.Key, Given((string)one.Value!))).ToList();
        Assert.Contains("./compose.conf:/etc/akkacp/akkacp.conf:ro", service.List("volumes").Select(one => (string)one!));
        return new Container(host, Folder)
        {
            Name = name,
            Arguments = [.. service.List("command").Select(word => (string)word!)],
            Environment = _ => variables,
            Configuration = File.ReadAllText(Manifest.PathOf("compose.conf")),
            Base = "http://{0}:8080",
            Probe = "/health",
        };
    }

    // What whoever starts it has to give.
    private static string Given(string value) => value.StartsWith("${AKKACP_API_KEYS:?", StringComparison.Ordinal) ? Key : value;
}
