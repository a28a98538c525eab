using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Model;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

public class CoordinatorSetupTests
{
    private static readonly NodeOptions s_options = new()
    {
        Host = new ScriptedRanks(),
        WorldSize = 2,
        CpSize = 2,
        VocabSize = 1000,
        ContextLength = 2000,
    };

    /// <summary>The scheduler has limits of its own; where nothing is set they are those of the settings.</summary>
    [Fact]
    public void DefaultSettings_GiveTheSchedulersAndTheCoordinatorsDefaults()
    {
        var context = CoordinatorSetup.Context(new EngineSettings(), s_options);

        Assert.Equal(
            new SchedulerLimits(2, 2, 1000, 2000, 101, new KvCacheSettings().BlockSizeTokens, new StepLimits(), new CpPolicySettings())
            {
                BlockContent = context.Limits.BlockContent,
            },
            context.Limits);
        Assert.Equal(new CoordinatorRules(), context.Rules);
    }

    [Fact]
    public void SettingsOfTheScheduler_AreItsLimits()
    {
        var settings = new EngineSettings
        {
            Scheduler = new SchedulerSettings
            {
                ChunkTokens = 1,
                MaxStepTokens = 2,
                MaxRunning = 3,
                QueueLimit = 4,
                StepsInFlight = 5,
                StepTimeout = TimeSpan.FromSeconds(6),
            },
            ContextParallel = new ContextParallelSettings { MinTokens = 7, ReplicateTokens = 8 },
            Cluster =
                new ClusterSettings { LostEpochs = 9, WaitForNodes = TimeSpan.FromSeconds(9.5), NodeTimeout = TimeSpan.FromSeconds(11) },
        };
        var context = CoordinatorSetup.Context(settings, s_options, settling: 12);

        Assert.Equal(
            new StepLimits { ChunkTokens = 1, MaxStepTokens = 2, MaxRunning = 3, QueueLimit = 4, StepsInFlight = 5 }, context.Limits.Steps);
        Assert.Equal(new CpPolicySettings { MinTokens = 7, ReplicateTokens = 8 }, context.Limits.CpPolicy);
        Assert.Equal((9, 10), (context.Limits.LostEpochs, context.Limits.WaitForGroup));
        Assert.Equal(new CoordinatorRules { StepTimeout = TimeSpan.FromSeconds(6), NodeSilence = 11, Settling = 12 }, context.Rules);
    }

    [Fact]
    public void PrefixCache_IsSwitchedOffByItsKey()
    {
        var settings = new EngineSettings { KvCache = new KvCacheSettings { PrefixCache = false } };
        Assert.False(CoordinatorSetup.Context(settings, s_options).Limits.PrefixCache);
    }

    /// <summary>What changes no bit changes no name; what changes bits changes all names.</summary>
    [Fact]
    public void BlockContent_IsTheSameForAnyNumberOfContextParallelRanks_AndForNoOtherModelKernelOrLayout()
    {
        var facts = new ScriptedRanks().Facts;
        var content = Content(facts, tp: 1, cp: 1);
        Assert.All(new[] { 2, 3, 4 }, cp => Assert.Equal(content, Content(facts with { Layout = $"attn-cp {cp}" }, cp, cp)));
        Assert.Equal(Content(facts, tp: 2, cp: 1), Content(facts, tp: 4, cp: 2));
        string[] others =
        [
            Content(facts, tp: 2, cp: 1), Content(facts, tp: 4, cp: 2, moeDp: 1), Content(facts, tp: 2, cp: 2, moeDp: 1),
            Content(facts, tp: 2, cp: 2, moeDp: 1, ep: 2), Content(facts with { Kernels = "others" }, 1, 1),
            Content(facts with { DType = "int8" }, 1, 1), Content(facts with { Tensors = "others" }, 1, 1),
            Content(facts with { Model = new ModelFacts([]) }, 1, 1), Content(facts with { KvBlockTokens = 32 }, 1, 1),
        ];
        Assert.Equal(others.Length + 1, others.Append(content).Distinct().Count());
    }

    private static string Content(GroupFacts facts, int tp, int cp, int? moeDp = null, int ep = 1) => CoordinatorSetup.Context(
        new EngineSettings { Parallel = new ParallelSettings { Tp = tp, AttnCp = cp, MoeDp = moeDp, Ep = ep } },
        s_options with { Host = new ScriptedRanks { Facts = facts }, WorldSize = tp, CpSize = cp }).Limits.BlockContent;
}
