using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Tests.Nodes;
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
            new SchedulerLimits(2, 2, 1000, 2000, 101, new KvCacheSettings().BlockSizeTokens, new StepLimits(), new CpPolicySettings()),
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
}
