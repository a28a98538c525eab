using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

public sealed class MemoryNeedTests
{
    private const long GiB = 1L << 30;

    private static readonly SystemLimits s_limits =
        new() { Total = 16 * GiB, Available = 8 * GiB, AddressSpace = 16 * GiB, Threads = 1000 };
    private static readonly MemoryNeed s_small = new(2, GiB, GiB, 1 << 20, 4, "akka-cp.kv-cache.memory");

    [Fact]
    public void WhatFits_IsNotRefused() => Assert.Empty(s_small.Problems(s_limits));

    [Theory]
    [InlineData(9, 1, 4, "akka-cp.model.path", "8192.0 MiB")] // More weights than memory that is free.
    [InlineData(1, 20, 4, "akka-cp.kv-cache.memory", "15.0 GiB")] // Pools beyond the whole machine.
    [InlineData(1, 1, 960, "akka-cp.device.threads", "936")] // Threads beyond the system's.
    public void WhatDoesNotFit_IsRefusedByItsKey_WithWantedAndAvailable(int weights, int kv, int threads, string key, string available)
    {
        var need = s_small with { WeightBytes = weights * GiB, KvBytes = kv * GiB, RotaryBytes = 0, Threads = threads };

        var problem = Assert.Single(need.Problems(s_limits with { AddressSpace = 100 * GiB }));

        Assert.StartsWith(key, problem, StringComparison.Ordinal);
        Assert.Contains(available, problem, StringComparison.Ordinal);
        Assert.Throws<SettingsException>(() => need.RequireFits(s_limits));
    }

    [Fact]
    public void WorkingMemoryOfThreads_IsCounted()
    {
        var need = s_small with { ScratchBytes = 8 * GiB };
        Assert.StartsWith("akka-cp.device.threads", Assert.Single(need.Problems(s_limits)), StringComparison.Ordinal);
        Assert.NotEmpty((s_small with { ScratchBytes = 2 * GiB }).Problems(s_limits with { Total = 3 * GiB }));

        var options = new EngineOptions { ModelPath = RepositoryFiles.DemoModel, Threads = 3 };
        Assert.Equal(
            3 * EngineSpec.Create(options with { Threads = 1 }).NeedHere.ScratchBytes, EngineSpec.Create(options).NeedHere.ScratchBytes);
    }

    [Fact]
    public void AddressSpace_IsLeftForTheRuntime()
    {
        Assert.Contains("address space", Assert.Single(s_small.Problems(s_limits with { AddressSpace = (2 * GiB) + (100 << 20) })),
            StringComparison.Ordinal);
    }

    [Fact]
    public void RotaryTable_IsForThePositionsOfThePool_AndCounted()
    {
        var spec = EngineSpec.Create(new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "512" },
        });

        Assert.Equal(512, spec.Positions);
        Assert.Equal(512 * 4 * spec.Model.HeadDim, spec.NeedHere.RotaryBytes);
    }

    [Fact]
    public void LongestContext_HasATableOfBoundedSize()
    {
        // A pool that could hold all of it: otherwise the pool bounds the table.
        var spec = EngineSpec.Create(new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = $"{1 << 28}" },
        });
        spec = spec with { Model = spec.Model with { MaxPositionEmbeddings = 1 << 28 } };

        Assert.Equal(1 << 28, spec.Positions);
        Assert.InRange(spec.NeedHere.RotaryBytes, 1, 64 << 20);
    }

    [Theory]
    [InlineData("akka-cp.kv-cache.tokens", "2000000000")]
    [InlineData("akka-cp.kv-cache.memory", "1000000GiB")]
    public async Task PoolBeyondTheMachine_IsRefusedBeforeItIsTaken(string key, string value)
    {
        var options = new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Overrides = new Dictionary<string, string>
            {
                [key] = value,

                // Otherwise the pool is no larger than these requests need.
                ["akka-cp.scheduler.max-step-tokens"] = "10000000",
                ["akka-cp.scheduler.max-running"] = "9000000",
            },
        };
        var resources = new TestResources();

        var refused = await Assert.ThrowsAsync<SettingsException>(() => InferenceEngine.StartAsync(
            options with { Resources = resources }, TestContext.Current.CancellationToken));

        Assert.Contains(key, refused.Message, StringComparison.Ordinal);
        Assert.Contains(key, Assert.Single(EngineInspection.Create(options).Problems), StringComparison.Ordinal);
        Assert.Equal(0, resources.Requests);
    }
}
