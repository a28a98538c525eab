using Akka.Configuration;

namespace AkkaCp.Settings;

/// <summary>Turns layers of configuration into the records; reference.conf lies below all of them.</summary>
internal static class EngineSettingsReader
{
    private const string ReferenceResource = "AkkaCp.Settings.reference.conf";

    private const int MaxPort = 65535;

    private static readonly (string Word, ComputeDType Value)[] s_floats =
        [("auto", ComputeDType.Auto), ("float32", ComputeDType.Float32), ("bfloat16", ComputeDType.BFloat16)];

    /// <summary>Every key with its default, as shipped inside the assembly.</summary>
    public static string ReferenceText()
    {
        using var stream = typeof(EngineSettingsReader).Assembly.GetManifestResourceStream(ReferenceResource)
            ?? throw new InvalidOperationException($"{ReferenceResource} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The settings of the layers, later ones first in rank; mistakes go to <paramref name="problems"/>.</summary>
    public static EngineSettings Read(IReadOnlyList<ConfigLayer> layers, List<string> problems)
    {
        var reference = new ConfigLayer("reference.conf", HoconText.Parse("reference.conf", ReferenceText(), problems));
        var leaves = new Dictionary<string, (string Text, string Source)>();
        foreach (var layer in layers.Prepend(reference))
        {
            foreach (var (key, text) in layer.Leaves(problems))
                leaves[key] = (text, layer.Source);
        }

        var section = new SettingsSection(leaves, problems);
        var settings = ReadSections(section) with { Akka = AkkaText(layers) };
        ReportUnknownKeys(leaves, section.Known, problems);
        CheckAcrossKeys(settings, section);
        return settings;
    }

    private static EngineSettings ReadSections(SettingsSection section) => new()
    {
        Model = new ModelSettings
        {
            Path = section.Text("model.path", "none"),
            DType = section.Choice("model.dtype", [.. s_floats, ("int8", ComputeDType.Int8)]),
        },
        Parallel = new ParallelSettings
        {
            Tp = section.IntOrAuto("parallel.tp", 1, ParallelSettings.MaxRanks),
            AttnCp = section.Int("parallel.attn-cp", 1, ParallelSettings.MaxRanks),
            MoeDp = section.IntOrAuto("parallel.moe-dp", 1, ParallelSettings.MaxRanks),
            Ep = section.Int("parallel.ep", 1, ParallelSettings.MaxRanks),
            CollectiveTimeout = section.DurationOrOff("parallel.collective-timeout"),
        },
        ContextParallel = new ContextParallelSettings
        {
            MinTokens = section.IntOrOff("context-parallel.min-tokens", 0),
            ReplicateTokens = section.IntOrOff("context-parallel.replicate-tokens", 0),
        },
        Scheduler = new SchedulerSettings
        {
            ChunkTokens = section.IntOrOff("scheduler.chunk-tokens", 0),
            MaxStepTokens = section.Int("scheduler.max-step-tokens", 2),
            MaxRunning = section.Int("scheduler.max-running", 1),
            QueueLimit = section.Int("scheduler.queue-limit", 1),
            StepsInFlight = section.Int("scheduler.steps-in-flight", 1, 16),
            StepTimeout = section.DurationOrOff("scheduler.step-timeout"),
            StartTimeout = section.DurationOrOff("scheduler.start-timeout"),
            DrainTimeout = section.DurationOrOff("scheduler.drain-timeout") ?? TimeSpan.Zero,
        },
        KvCache = new KvCacheSettings
        {
            BlockSizeTokens = section.Int("kv-cache.block-size", 16, 1024),
            Tokens = section.IntOrAuto("kv-cache.tokens", 16, KvCacheSettings.MaxTokens),
            MemoryBytes = section.Bytes("kv-cache.memory", 1 << 20),
            DType = section.Choice("kv-cache.dtype", s_floats),
        },
        Device = new DeviceSettings
        {
            Threads = section.IntOrAuto("device.threads", 1, 1024),
            Pin = section.Choice("device.pin", ("auto", PinMode.Auto), ("on", PinMode.On), ("off", PinMode.Off)),
        },
        Cluster = ReadCluster(section),
        Transport = ReadTransport(section),
    };

    private static ClusterSettings ReadCluster(SettingsSection section) => new()
    {
        Name = section.Name("cluster.name"),
        Host = section.Text("cluster.host", "") ?? "127.0.0.1",
        Port = section.IntOrAuto("cluster.port", 0, MaxPort),
        Advertise = section.Text("cluster.advertise", "auto"),
        Seeds = section.Addresses("cluster.seeds"),
        NodeName = section.Text("cluster.node-name", "auto"),
        Places = section.Int("cluster.places", 1, ParallelSettings.MaxRanks),
        WaitForNodes = section.Duration("cluster.wait-for-nodes"),
        LostEpochs = section.Int("cluster.lost-epochs", 1),
        NodeTimeout = section.Duration("cluster.node-timeout"),
    };

    private static TransportSettings ReadTransport(SettingsSection section) => new()
    {
        Host = section.Text("transport.host", "auto"),
        Port = section.IntOrAuto("transport.port", 0, MaxPort),
        Advertise = section.Text("transport.advertise", "auto"),
        Insecure = section.Choice("transport.insecure", ("off", false), ("on", true)),
        Tls = new TlsSettings
        {
            Certificate = section.Text("transport.tls.certificate", "off"),
            Key = section.Text("transport.tls.key", "none"),
            Password = section.Text("transport.tls.password", "none"),
            Ca = section.Text("transport.tls.ca", "none"),
        },
    };

    private static void ReportUnknownKeys(
        Dictionary<string, (string Text, string Source)> leaves, IReadOnlyCollection<string> known, List<string> problems)
    {
        foreach (var (key, (_, source)) in leaves)
        {
            if (!known.Contains(key))
                problems.Add($"{source}: unknown key akka-cp.{key}; the nearest known one is akka-cp.{NearestName.Find(key, known)}");
        }
    }

    private static void CheckAcrossKeys(EngineSettings settings, SettingsSection section)
    {
        var (scheduler, kv) = (settings.Scheduler, settings.KvCache);
        if (kv.BlockSizeTokens % 16 != 0)
            section.Report("kv-cache.block-size", "expected a multiple of 16", kv.BlockSizeTokens);
        if (scheduler.MaxRunning >= scheduler.MaxStepTokens)
        {
            section.Report("scheduler.max-running", $"expected less than scheduler.max-step-tokens = {scheduler.MaxStepTokens}",
                scheduler.MaxRunning);
        }

        if (scheduler.ChunkTokens > scheduler.MaxStepTokens)
        {
            section.Report("scheduler.chunk-tokens", $"expected at most scheduler.max-step-tokens = {scheduler.MaxStepTokens}",
                scheduler.ChunkTokens);
        }

        NodeSettingsChecks.Check(settings, section);
    }

    private static string AkkaText(IReadOnlyList<ConfigLayer> layers)
    {
        var merged = Config.Empty;
        foreach (var layer in layers)
        {
            if (!layer.Config.IsEmpty && layer.Config.HasPath("akka"))
                merged = layer.Config.GetConfig("akka").WithFallback(merged);
        }

        return merged.IsEmpty ? "" : merged.Root.ToString() ?? "";
    }
}
