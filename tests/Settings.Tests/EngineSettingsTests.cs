using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Settings.Tests;

public class EngineSettingsTests
{
    /// <summary>Every key with a value other than its default, and how to see it in the record.</summary>
    public static TheoryData<string, string, Func<EngineSettings, object?>, object?> Overrides => new()
    {
        { "model.path", "/models/some dir", s => s.Model.Path, "/models/some dir" },
        { "model.dtype", "float32", s => s.Model.DType, ComputeDType.Float32 },
        { "model.activations", "f32", s => s.Model.Activations, ActivationMode.Float32 },
        { "parallel.tp", "4", s => s.Parallel.Tp, 4 },
        { "parallel.attn-cp", "2", s => s.Parallel.AttnCp, 2 },
        { "parallel.moe-dp", "3", s => s.Parallel.MoeDp, 3 },
        { "parallel.ep", "5", s => s.Parallel.Ep, 5 },
        { "parallel.collective-timeout", "1.5s", s => s.Parallel.CollectiveTimeout, TimeSpan.FromMilliseconds(1500) },
        { "context-parallel.min-tokens", "off", s => s.ContextParallel.MinTokens, 0 },
        { "context-parallel.replicate-tokens", "7", s => s.ContextParallel.ReplicateTokens, 7 },
        { "scheduler.chunk-tokens", "off", s => s.Scheduler.ChunkTokens, 0 },
        { "scheduler.max-step-tokens", "9000", s => s.Scheduler.MaxStepTokens, 9000 },
        { "scheduler.step-target", "200ms", s => s.Scheduler.StepTarget, TimeSpan.FromMilliseconds(200) },
        { "scheduler.max-running", "3", s => s.Scheduler.MaxRunning, 3 },
        { "scheduler.queue-limit", "1", s => s.Scheduler.QueueLimit, 1 },
        { "scheduler.steps-in-flight", "1", s => s.Scheduler.StepsInFlight, 1 },
        { "scheduler.step-timeout", "off", s => s.Scheduler.StepTimeout, null },
        { "scheduler.start-timeout", "off", s => s.Scheduler.StartTimeout, null },
        { "scheduler.drain-timeout", "2 min", s => s.Scheduler.DrainTimeout, TimeSpan.FromMinutes(2) },
        { "kv-cache.block-size", "16", s => s.KvCache.BlockSizeTokens, 16 },
        { "kv-cache.tokens", "1000", s => s.KvCache.Tokens, 1000 },
        { "kv-cache.memory", "10MiB", s => s.KvCache.MemoryBytes, 10L << 20 },
        { "kv-cache.dtype", "bfloat16", s => s.KvCache.DType, ComputeDType.BFloat16 },
        { "kv-cache.prefix-cache", "off", s => s.KvCache.PrefixCache, false },
        { "device.threads", "6", s => s.Device.Threads, 6 },
        { "device.pin", "off", s => s.Device.Pin, PinMode.Off },
        { "cluster.name", "blue", s => s.Cluster.Name, "blue" },
        { "cluster.host", "127.0.0.9", s => s.Cluster.Host, "127.0.0.9" },
        { "cluster.port", "0", s => s.Cluster.Port, 0 },
        { "cluster.advertise", "node-a.example", s => s.Cluster.Advertise, "node-a.example" },
        { "cluster.seeds", "[a:1, [::1]:65535]", s => string.Join(" ", s.Cluster.Seeds), "a:1 [::1]:65535" },
        { "cluster.node-name", "a", s => s.Cluster.NodeName, "a" },
        { "cluster.places", "4", s => s.Cluster.Places, 4 },
        { "cluster.wait-for-nodes", "1min", s => s.Cluster.WaitForNodes, TimeSpan.FromMinutes(1) },
        { "cluster.lost-epochs", "1", s => s.Cluster.LostEpochs, 1 },
        { "cluster.node-timeout", "3s", s => s.Cluster.NodeTimeout, TimeSpan.FromSeconds(3) },
        { "cluster.health-port", "4055", s => s.Cluster.HealthPort, 4055 },
        { "server.host", "localhost", s => s.Server.Host, "localhost" },
        { "server.port", "auto", s => s.Server.Port, 0 },
        { "server.api-keys", "[a, b]", s => string.Join(' ', s.Server.ApiKeys), "a b" },
        { "server.insecure", "on", s => s.Server.Insecure, true },
        { "server.allowed-hosts", "chat.example", s => string.Join(" ", s.Server.AllowedHosts), "chat.example" },
        { "server.allowed-origins", "[\"https://a.example\"]", s => string.Join(" ", s.Server.AllowedOrigins), "https://a.example" },
        { "server.metrics", "off", s => s.Server.Metrics, false },
        { "server.max-body", "1MiB", s => s.Server.MaxBody, 1L << 20 },
        { "server.max-connections", "3", s => s.Server.MaxConnections, 3 },
        { "server.comment-interval", "1s", s => s.Server.CommentInterval, TimeSpan.FromSeconds(1) },
        { "server.write-timeout", "1min", s => s.Server.WriteTimeout, TimeSpan.FromMinutes(1) },
        { "server.max-requests", "7", s => s.Server.Limits.MaxRequests, 7 },
        { "server.requests-per-key", "2", s => s.Server.Limits.RequestsPerKey, 2 },
        { "server.requests-per-minute", "90", s => s.Server.Limits.RequestsPerMinute, 90 },
        { "server.request-timeout", "10min", s => s.Server.Limits.RequestTimeout, TimeSpan.FromMinutes(10) },
        { "server.headers-timeout", "5s", s => s.Server.Limits.HeadersTimeout, TimeSpan.FromSeconds(5) },
        { "server.body-timeout", "5s", s => s.Server.Limits.BodyTimeout, TimeSpan.FromSeconds(5) },
        { "server.keep-alive-timeout", "5s", s => s.Server.Limits.KeepAliveTimeout, TimeSpan.FromSeconds(5) },
        { "server.max-headers", "64KiB", s => s.Server.Limits.MaxHeaders, 64 << 10 },
        { "transport.host", "::1", s => s.Transport.Host, "::1" },
        { "transport.port", "5000", s => s.Transport.Port, 5000 },
        { "transport.advertise", "10.0.0.1", s => s.Transport.Advertise, "10.0.0.1" },
        { "transport.insecure", "on", s => s.Transport.Insecure, true },
    };

    public static TheoryData<string> ConfigFiles =>
        new(Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "config"), "*.conf").Append(
            Path.Combine(RepositoryFiles.DemoModel, EngineSettings.ModelDefaultsFile))
                .Select(file => Path.GetRelativePath(RepositoryFiles.Root, file)));

    [Fact]
    public void EngineConfAndRecords_AgreeDefaultByDefault()
    {
        Assert.Equal(new EngineSettings(), EngineSettings.Load(null, []));
        Assert.Equal(new EngineSettings(), EngineSettings.Load(ConfigFile("engine.conf"), []));
        Assert.Equal(File.ReadAllText(ConfigFile("engine.conf")), EngineSettingsReader.ReferenceText());
    }

    [Theory]
    [InlineData("[a:1, b:2]")]
    [InlineData("a:1,b:2")]
    [InlineData("[\"a:1\", \"b:2\"]")]
    public void ListInAnOverride_IsReadAsInAFile(string list) =>
        Assert.Equal(["a:1", "b:2"], EngineSettings.Load(null, [$"cluster.seeds={list}"]).Cluster.Seeds);

    [Fact]
    public void SeedThatIsNamedTwice_IsOne() =>
        Assert.Equal(["b:2", "a:1"], EngineSettings.Load(null, ["cluster.seeds=b:2, a:1, b:2"]).Cluster.Seeds);

    [Theory]
    [InlineData("int8", ComputeDType.Int8)]
    [InlineData("int4", ComputeDType.Int4)]
    public void Integers_AreForWeightsOnly(string name, ComputeDType dtype)
    {
        var settings = EngineSettings.Load(null, [$"model.dtype={name}"]);
        Assert.Equal(dtype, settings.Model.DType);
        var refused = Assert.Throws<SettingsException>(() => EngineSettings.Load(null, [$"kv-cache.dtype={name}"]));
        Assert.Contains("expected auto, float32, bfloat16", Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryKeyOfTheReference_HasAnOverrideTest() => Assert.Equal(
        ReferenceKeys(EngineSettingsReader.ReferenceText()).Keys.Order(),
        Overrides.Select(row => row.Data.Item1)
            .Concat(["transport.tls.certificate", "transport.tls.key", "transport.tls.password", "transport.tls.ca"]).Order());

    [Theory]
    [MemberData(nameof(Overrides), DisableDiscoveryEnumeration = true)]
    public void AnOverride_Overrides(string key, string value, Func<EngineSettings, object?> read, object? expected)
    {
        Assert.NotEqual(expected, read(new EngineSettings()));
        Assert.Equal(expected, read(EngineSettings.Load(null, [$"{key}={value}"])));
        Assert.Equal(expected, read(EngineSettings.Load(ConfigFile("engine.conf"), [$"akka-cp.{key}={value}"])));
        Assert.Equal(expected, read(ParseHocon($"akka-cp.{key} = {HoconText.Quote(value)}")));
    }

    [Theory]
    [MemberData(nameof(ConfigFiles))]
    public void ShippedFile_Reads(string file) =>
        Assert.NotNull(EngineSettings.Load(Path.Combine(RepositoryFiles.Root, file), []));

    [Fact]
    public void ReferenceLayoutFile_NamesTheReferenceLayout()
    {
        var parallel = EngineSettings.Load(ConfigFile("tp4-moedp2-cp2.conf"), []).Parallel;
        Assert.Equal((4, 2, 2, 1), (parallel.EffectiveTp, parallel.AttnCp, parallel.EffectiveMoeDp, parallel.Ep));
    }

    [Fact]
    public void TpAndMoeDp_FollowAttnCp()
    {
        var parallel = EngineSettings.Load(ConfigFile("cp2.conf"), []).Parallel;
        Assert.Equal((2, 2, 2, 1), (parallel.EffectiveTp, parallel.AttnCp, parallel.EffectiveMoeDp, parallel.Ep));
    }

    [Fact]
    public void ModelDirectorysOwnFile_LiesBelowTheDeploymentsFile()
    {
        var demo = RepositoryFiles.DemoModel;
        Assert.Equal(8, EngineSettings.Load(null, [], demo).ContextParallel.MinTokens);
        Assert.Equal(2, EngineSettings.Load(null, [$"model.path={demo}"]).Parallel.AttnCp);
        Assert.Equal(1, EngineSettings.Load(ConfigFile("single-process.conf"), [], demo).Parallel.AttnCp);
        Assert.Equal(3, EngineSettings.Load(null, ["parallel.attn-cp=3"], demo).Parallel.AttnCp);
    }

    [Fact]
    public void AllMistakes_AreReportedAtOnce()
    {
        var exception = Assert.Throws<SettingsException>(() => EngineSettings.Load(null,
        [
            "scheduler.chunk-token=5", "kv-cache.memory=10", "kv-cache.block-size=24", "device.pin=maybe", "parallel.tp=0",
            "scheduler.step-timeout=30 parsecs", "nonsense",
        ]));

        Assert.Equal(7, exception.Problems.Count);
        Assert.Contains(exception.Problems, problem =>
            problem.Contains("unknown key akka-cp.scheduler.chunk-token;") && problem.EndsWith("akka-cp.scheduler.chunk-tokens"));
        Assert.Contains(exception.Problems, problem =>
            problem.Contains("kv-cache.memory") && problem.Contains("expected a size") && problem.EndsWith("found 10"));
        Assert.Contains(exception.Problems, problem => problem.Contains("kv-cache.block-size") && problem.Contains("multiple of 16"));
        Assert.Contains(exception.Problems, problem => problem.Contains("device.pin") && problem.Contains("auto, on, off"));
        Assert.Contains(exception.Problems, problem => problem.Contains("parallel.tp") && problem.Contains("from 1 to 4096 or auto"));
        Assert.Contains(exception.Problems, problem => problem.Contains("30 parsecs"));
        Assert.Contains(exception.Problems, problem => problem.Contains("--set nonsense: expected key=value"));
    }

    [Theory]
    [InlineData("scheduler.chunk-tokens=5000", "at most scheduler.max-step-tokens = 4096")]
    [InlineData("scheduler.max-running=4096", "less than scheduler.max-step-tokens = 4096")]
    [InlineData("kv-cache.tokens=99999999999", "whole number")]
    [InlineData("scheduler.queue-limit=1.5", "whole number")]
    [InlineData("scheduler.step-timeout=30", "with its unit")]
    [InlineData("scheduler.step-timeout=25h", "from 1ms to 24h")]
    [InlineData("kv-cache.memory=1KiB", "from 1048576 to 1125899906842624 bytes")]
    [InlineData("model=5", "unknown key akka-cp.model")]
    public void WrongValue_NamesKeyExpectedAndFound(string set, string expected)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => EngineSettings.Load(null, [set])).Problems);
        Assert.Contains(expected, problem);
        Assert.Contains($"akka-cp.{set.Split('=')[0]}", problem);
    }

    [Theory]
    [InlineData("cluster.name=9 lives", "letters, digits and hyphens")]
    [InlineData("cluster.port=65536", "from 0 to 65535")]
    [InlineData("cluster.seeds=[here]", "addresses host:port, ports from 1 to 65535, found here")]
    [InlineData("cluster.seeds=a:1,b:70000", "addresses host:port, ports from 1 to 65535, found b:70000")]
    [InlineData("cluster.seeds=a:1,b:0", "ports from 1 to 65535, found b:0")]
    [InlineData("cluster.wait-for-nodes=off", "expected a duration")]
    [InlineData("cluster.node-timeout=2s", "at least 3s")]
    [InlineData("cluster.host=10.0.0.1", "or transport.insecure = on")]
    [InlineData("cluster.host=0.0.0.0", "expected a loopback address")]
    [InlineData("transport.host=node-a", "or transport.tls.certificate")]
    public void WrongNodeSetting_NamesKeyExpectedAndFound(string set, string expected)
    {
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => EngineSettings.Load(null, [set])).Problems);
        Assert.Contains(expected, problem);
        Assert.Contains($"akka-cp.{set.Split('=')[0]}", problem);
    }

    [Fact]
    public void Tls_IsReadWholeAndNeedsItsAuthority()
    {
        var settings = ParseHocon("""
            akka-cp {
              cluster { host = 10.0.0.1, seeds = ["10.0.0.1:4053", "10.0.0.2:4053"] }
              transport.tls { certificate = "a.pem", key = "a.key", password = "se$cret", ca = "ca.pem" }
            }
            """);
        Assert.Equal(
            new TlsSettings { Certificate = "a.pem", Key = "a.key", Password = "se$cret", Ca = "ca.pem" }, settings.Transport.Tls);
        Assert.Equal(["10.0.0.1:4053", "10.0.0.2:4053"], settings.Cluster.Seeds);

        Assert.Contains("transport.tls.ca", Assert.Throws<SettingsException>(
            () => EngineSettings.Load(null, ["transport.tls.certificate=a.pem"])).Message);
        Assert.Contains("transport.tls.certificate", Assert.Throws<SettingsException>(
            () => EngineSettings.Load(null, ["transport.tls.ca=a.pem"])).Message);
    }

    [Fact]
    public void MissingFile_IsNamed()
    {
        var exception = Assert.Throws<SettingsException>(() => EngineSettings.Load("no/such.conf", []));
        Assert.Contains("no/such.conf: cannot be read", exception.Message);
    }

    [Fact]
    public void SectionBesideAkkaCp_IsRefused() => Assert.Contains("unknown section akka-pc",
        Assert.Throws<SettingsException>(() => ParseHocon("akka-pc { device { pin = on } }")).Message);

    [Fact]
    public void AkkaSection_IsKept()
    {
        var settings = ParseHocon("akka { loglevel = DEBUG }\nakka-cp.device.pin = on");
        Assert.Contains("DEBUG", settings.Akka);
    }

    private static string ConfigFile(string name) => Path.Combine(RepositoryFiles.Root, "config", name);

    private static EngineSettings ParseHocon(string text)
    {
        var problems = new List<string>();
        var config = HoconText.Parse("test", text, problems);
        Assert.Empty(problems);
        return EngineSettings.From(config);
    }

    private static IReadOnlyDictionary<string, string> ReferenceKeys(string text)
    {
        var problems = new List<string>();
        var leaves = new ConfigLayer("test", HoconText.Parse("test", text, problems)).Leaves(problems);
        Assert.Empty(problems);
        return leaves;
    }
}
