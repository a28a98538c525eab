using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary><c>kv-cache.memory = auto</c>: what weights and threads leave of the memory that is free.</summary>
public sealed class PoolOfTheMachineTests : IDisposable
{
    private const long GiB = 1L << 30;
    private static readonly SystemLimits s_machine = new() { Total = 64 * GiB, Available = 64 * GiB, Free = 20 * GiB };

    // So many requests at a time that the pool could be larger than any machine.
    private static readonly EngineOptions s_demo = new()
    {
        ModelPath = RepositoryFiles.DemoModel,
        Threads = 1,
        Overrides = new Dictionary<string, string>
        {
            ["akka-cp.kv-cache.memory"] = "auto",
            ["akka-cp.scheduler.max-step-tokens"] = "10000000",
            ["akka-cp.scheduler.max-running"] = "9000000",
        },
    };

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"akkacp-claims-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(1, 20, 18)] // A tenth stays free.
    [InlineData(2, 20, 18)]
    [InlineData(1, 4, 3)] // 1 GiB stays free.
    public void PoolsTake_WhatIsFree_LessTheReserveAndTheRest_OverTheRanks(int ranks, int free, int left)
    {
        var spec = EngineSpec.Create(s_demo with { AttnCp = ranks }).Sized(s_machine with { Free = free * GiB });

        var need = spec.NeedHere;
        var block = spec.KvShapeOf(0).BytesPerBlock;
        var rotary = 64L << 20; // The largest table: whether the pool needs it is known only when its size is.
        Assert.InRange(
            (left * GiB) - need.WeightBytes - need.ScratchBytes - need.KvBytes, 0, (ranks * 2 * block) + rotary);
        Assert.Empty(need.Problems(s_machine with { Free = free * GiB }));
        Assert.Equal(spec.KvShapeOf(0).Blocks, spec.KvShapeOf(ranks - 1).Blocks);
    }

    [Fact]
    public void PoolsAreNoLarger_ThanAllRunningRequestsNeed()
    {
        var spec = EngineSpec.Create(new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.memory"] = "auto" },
        }).Sized(s_machine);
        var most = spec.Settings.Scheduler.MaxRunning * (spec.Model.MaxPositionEmbeddings / spec.Settings.KvCache.BlockSizeTokens);
        Assert.Equal(most + 1, spec.KvShapeOf(0).Blocks);
    }

    [Fact]
    public void LimitOfAddressSpace_IsKept()
    {
        var limits = s_machine with { AddressSpace = 4 * GiB };
        Assert.Empty(EngineSpec.Create(s_demo).Sized(limits).NeedHere.Problems(limits));
    }

    [Fact]
    public void WhereNothingIsKnown_ItIsOneGibibyte()
    {
        var spec = EngineSpec.Create(s_demo).Sized(new SystemLimits());
        Assert.InRange(GiB - spec.KvShapeOf(0).Bytes, -spec.KvShapeOf(0).BytesPerBlock, spec.KvShapeOf(0).BytesPerBlock);
        Assert.Empty(spec.NeedHere.Problems(new SystemLimits()));
    }

    [Fact]
    public void LessThanARequestNeeds_IsRefusedWithTheSum()
    {
        var limits = s_machine with { Free = GiB + (4L << 20) };
        var need = EngineSpec.Create(s_demo).Sized(limits).NeedHere;

        var problem = Assert.Single(need.Problems(limits));

        Assert.StartsWith("akka-cp.kv-cache.memory: expected KV pools for one request", problem, StringComparison.Ordinal);
        Assert.Contains("weights", problem, StringComparison.Ordinal);
        Assert.EndsWith("of 1028.0 MiB that is free, 1024.0 MiB stays so", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void GivenSize_IsTakenAsItIs()
    {
        var given = s_demo with { Overrides = new Dictionary<string, string>(s_demo.Overrides) { ["akka-cp.kv-cache.memory"] = "3GiB" } };
        var spec = EngineSpec.Create(given).Sized(s_machine with { Free = 2 * GiB });
        Assert.InRange(spec.KvShapeOf(0).Bytes, 3 * GiB, (3 * GiB) + spec.KvShapeOf(0).BytesPerBlock);
        Assert.Empty(spec.NeedHere.Problems(s_machine with { Free = 2 * GiB }));
    }

    [Fact]
    public void SecondEngine_GetsWhatTheFirstLeaves_BeforeEitherHasTakenAny()
    {
        var claims = new MemoryClaims(_folder);
        var (first, claim) = claims.Claim(EngineSpec.Create(s_demo), s_machine);
        var left = claims.Left(s_machine).Free;
        var (second, other) = claims.Claim(EngineSpec.Create(s_demo), s_machine);

        // What this process has in memory already counts as taken by the first.
        var taken = ProcessMemory.ResidentOf(Environment.ProcessId);
        Assert.InRange(left!.Value - (s_machine.Free!.Value - first.NeedHere.Bytes), 0, 2 * taken);
        Assert.InRange(second.NeedHere.Bytes, 0, left.Value);

        // A third finds nothing left, and is told why.
        var small = s_machine with { Free = first.NeedHere.Bytes };
        var refused = Assert.Throws<SettingsException>(() => claims.Claim(EngineSpec.Create(s_demo), small));
        Assert.Contains("other engines and nodes here have", refused.Message, StringComparison.Ordinal);

        claim.Dispose();
        other.Dispose();
        Assert.Equal(s_machine.Free, claims.Left(s_machine).Free);
        Assert.Equal(first.NeedHere.Bytes, Claimed(claims));
    }

    [Fact]
    public void WhatADeadProcessHasClaimed_IsForgotten()
    {
        Directory.CreateDirectory(_folder);
        var left = Path.Combine(_folder, $"1-{16 * GiB}-{Guid.NewGuid():N}");
        File.WriteAllText(left, "");

        Assert.Equal(s_machine.Free, new MemoryClaims(_folder).Left(s_machine).Free);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void WithoutAPlaceForClaims_TheEngineStartsAllTheSame()
    {
        File.WriteAllText(_folder, "a file where the folder should be");
        try
        {
            var (spec, claim) = new MemoryClaims(_folder).Claim(EngineSpec.Create(s_demo), s_machine);
            claim.Dispose();
            Assert.InRange(spec.NeedHere.Bytes, 16 * GiB, 18 * GiB);
        }
        finally
        {
            File.Delete(_folder);
        }
    }

    private static long Claimed(MemoryClaims claims)
    {
        var (spec, claim) = claims.Claim(EngineSpec.Create(s_demo), s_machine);
        claim.Dispose();
        return spec.NeedHere.Bytes;
    }
}
