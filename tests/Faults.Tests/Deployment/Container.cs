using System.Globalization;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;

namespace AkkaCp.Faults.Tests.Deployment;

/// <summary>One of a deployment's containers, as a process on a host of its own: with its arguments, its environment and its
/// configuration, in which the model alone is another.</summary>
/// <param name="host">The host.</param>
/// <param name="folder">Takes the configuration.</param>
internal sealed class Container(Host host, string folder)
{
    private const string Mounted = "/etc/akkacp/akkacp.conf";
    private const string Model = "\"/model\"";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    private HostProcess? _process;

    /// <summary>Where it runs.</summary>
    public Host Host => host;

    /// <summary>Name by which others know it.</summary>
    public required string Name { get; init; }

    /// <summary>What its command line says.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its environment, for its host's address.</summary>
    public required Func<string, IEnumerable<(string Name, string Value)>> Environment { get; init; }

    /// <summary>The configuration that is mounted.</summary>
    public required string Configuration { get; init; }

    /// <summary>Where it is asked, with {0} for its host's address.</summary>
    public required string Base { get; init; }

    /// <summary>The path that its probe asks for.</summary>
    public required string Probe { get; init; }

    /// <summary>What it has said.</summary>
    public string Tail => $"{Name}: {_process?.Tail()}";

    /// <summary>Starts it, or starts it anew.</summary>
    public void Start()
    {
        if (!Configuration.Contains(Model, StringComparison.Ordinal))
            throw new InvalidDataException($"expected {Model} in the configuration, found {Configuration}");
        var config = Path.Combine(folder, $"{Name}.conf");
        File.WriteAllText(config, Configuration.Replace(Model, $"\"{RepositoryFiles.DemoModel}\"", StringComparison.Ordinal));
        _process = host.Start(Name, [
            "env", .. Environment(host.Address).Select(one => $"{one.Name}={one.Value}"),
            "dotnet", Path.Combine(AppContext.BaseDirectory, "akkacp.dll"),
            .. Arguments.Select(word => word == Mounted ? config : word)]);
    }

    /// <summary>Ends it: asked to, and well, or killed.</summary>
    public async Task EndAsync(bool asked)
    {
        if (!asked)
        {
            _process!.Kill();
            return;
        }

        _process!.Ask();
        if (await _process.WaitForExitAsync(s_limit) is var code and not 0)
            throw new InvalidOperationException($"expected {Name} to end with 0, found {code}: {Tail}");
    }

    /// <summary>Asks its probe, as another host does, until it answers 200, and for a time nothing else.</summary>
    public async Task UntilReadyAsync(Host prober, CancellationToken cancellationToken, TimeSpan steady = default)
    {
        var end = DateTime.UtcNow + s_limit;
        DateTime? since = null;
        while (since is null || DateTime.UtcNow - since < steady)
        {
            var status = await StatusAsync(prober, Probe);
            since = status == "200" ? since ?? DateTime.UtcNow : null;
            if (DateTime.UtcNow > end)
                throw new TimeoutException($"expected 200 of {Name} at {Probe}, found {status}: {Tail}");
            await Task.Delay(100, cancellationToken);
        }
    }

    /// <summary>The status that another host sees; 000 where nobody listens.</summary>
    public async Task<string> StatusAsync(Host prober, string path)
    {
        var address = string.Format(CultureInfo.InvariantCulture, Base, host.Address) + path;
        var asked = prober.Start("probe", "curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", address);
        await asked.WaitForExitAsync(s_limit);
        return asked.Output;
    }
}
