using AkkaCp.Engine.Composition;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests;

public class EngineSpecTests
{
    private static readonly EngineOptions s_demo = new() { ModelPath = RepositoryFiles.DemoModel };

    [Fact]
    public void Options_LieOverTheConfiguration()
    {
        var spec = EngineSpec.Create(s_demo with
        {
            Tp = 4,
            AttnCp = 2,
            MoeDp = 2,
            Ep = 1,
            Dtype = "float32",
            Threads = 3,
            ChunkTokens = 64,
            MinCpTokens = 5,
            Overrides = Keys(("akka-cp.scheduler.max-running", "7"), ("scheduler.chunk-tokens", "32")),
        });

        Assert.Equal((4, 2, 2, 1), (spec.Topology.Tp, spec.Topology.AttnCp, spec.Topology.MoeDp, spec.Topology.Ep));
        Assert.Equal((DType.F32, 3), (spec.DType, spec.ThreadsPerRank));
        Assert.Equal((32, 5, 7),
            (spec.Settings.Scheduler.ChunkTokens, spec.Settings.ContextParallel.MinTokens, spec.Settings.Scheduler.MaxRunning));
        Assert.Equal(4, spec.Shards.Count);
    }

    [Fact]
    public void WeightsKeepTheCheckpointsType_UnlessToldOtherwise()
    {
        Assert.Equal(DType.BF16, EngineSpec.Create(s_demo).DType);
        Assert.Equal(DType.F32, EngineSpec.Create(new EngineOptions { ModelPath = RepositoryFiles.TinyModel("f32") }).DType);
    }

    [Fact]
    public void Int8_IsATypeOfMatricesOnly_KeysAndValuesAreBF16()
    {
        var spec = EngineSpec.Create(s_demo with { Dtype = "int8" });
        Assert.Equal((DType.I8, DType.BF16), (spec.DType, spec.KvShapeOf(0).DType));
        Assert.Equal("int8", EngineInspection.Create(s_demo with { Dtype = "int8" }).Dtype);
        Assert.InRange(spec.NeedHere.WeightBytes, 1, EngineSpec.Create(s_demo).NeedHere.WeightBytes * 2 / 3);
    }

    [Fact]
    public void Int4_IsATypeOfMatricesOnly_KeysAndValuesAreBF16()
    {
        var spec = EngineSpec.Create(s_demo with { Dtype = "int4" });
        Assert.Equal((DType.Q4, DType.BF16), (spec.DType, spec.KvShapeOf(0).DType));
        Assert.Equal("int4", EngineInspection.Create(s_demo with { Dtype = "int4" }).Dtype);
        Assert.InRange(spec.NeedHere.WeightBytes, 1, EngineSpec.Create(s_demo with { Dtype = "int8" }).NeedHere.WeightBytes * 3 / 4);
    }

    [Fact]
    public void QuantisedWeights_KeepTheirGroups_UnlessToldOtherwise()
    {
        var options = new EngineOptions { ModelPath = GgufModels.PathOf("q4_k_m.gguf") };
        var spec = TypedSpec(options);

        Assert.Equal("q:i32-g, others BF16", $"{spec.Types}");
        Assert.Equal(DType.BF16, spec.KvShapeOf(0).DType);
        Assert.Equal("F32", $"{TypedSpec(options with { Dtype = "float32" }).Types}");
        Assert.Equal("BF16", $"{TypedSpec(options with { Dtype = "bfloat16" }).Types}");
        Assert.Equal("F32", $"{TypedSpec(options with { Activations = "f32" }).Types}");
        Assert.Equal("F32", $"{TypedSpec(options with { Activations = "f32", Dtype = "float32" }).Types}");
        Assert.Equal("BF16", $"{TypedSpec(s_demo).Types}");
        Assert.InRange(
            spec.NeedHere.WeightBytes, 1, TypedSpec(options with { Dtype = "bfloat16" }).NeedHere.WeightBytes * 2 / 5);
        Assert.Equal(spec.NeedHere.WeightBytes, EngineInspection.Create(options).WeightBytes);
    }

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    [InlineData("int4")]
    public void ActivationsInFloat32_AreForWeightsInFloat32(string dtype)
    {
        var error = Assert.Throws<SettingsException>(() => EngineSpec.Create(s_demo with { Dtype = dtype, Activations = "f32" }));

        Assert.Equal($"akka-cp.model.activations: expected auto with dtype {dtype}, found f32", Assert.Single(error.Problems));
    }

    [Fact]
    public void KvPool_HoldsTheTokensAskedFor()
    {
        var spec = EngineSpec.Create(s_demo with { Overrides = Keys(("kv-cache.tokens", "1000"), ("kv-cache.block-size", "64")) });

        Assert.Equal(17, spec.KvShapeOf(0).Blocks); // 16 of 64 tokens, and block 0, which nobody uses.
    }

    [Fact]
    public void ThreadsArePinnedUntold_OnlyWhenTheyUseAllCores()
    {
        var cores = Environment.ProcessorCount;
        Assert.Equal(CpuDevice.AllowedProcessors.Take(cores), CoresOf(cores, "auto"));
        Assert.Null(CoresOf(cores + 1, "auto"));
        Assert.Null(CoresOf(cores, "off"));
        Assert.Equal([CpuDevice.AllowedProcessors[0]], CoresOf(1, "on"));
        Assert.Equal(cores == 1, CoresOf(1, "auto") is not null);

        static IReadOnlyList<int>? CoresOf(int threads, string pin) =>
            EngineSpec.Create(s_demo with { AttnCp = 1, Threads = threads, Overrides = Keys(("device.pin", pin)) }).CoresOf(0);
    }

    [Fact]
    public void EveryMistake_IsReportedAtOnce()
    {
        var error = Assert.Throws<SettingsException>(() => EngineSpec.Create(new EngineOptions
        {
            ModelPath = "/nowhere",
            Tp = 4,
            AttnCp = 3,
            MoeDp = 3,
        }));

        Assert.Contains(error.Problems, problem => problem.Contains("/nowhere", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("attn_cp", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.Contains("moe_dp", StringComparison.Ordinal));
    }

    [Fact]
    public void LayoutThatTheModelsHeadsDoNotAllow_IsRefused()
    {
        var error = Assert.Throws<SettingsException>(() => EngineSpec.Create(s_demo with { Tp = 3, AttnCp = 1, MoeDp = 1 }));

        Assert.Contains(error.Problems, problem => problem.Contains("num_attention_heads", StringComparison.Ordinal));
    }

    private static EngineSpec TypedSpec(EngineOptions options) => EngineSpec.Create(options).OverFiles().Spec;

    private static Dictionary<string, string> Keys(params (string Key, string Value)[] keys) =>
        keys.ToDictionary(pair => pair.Key, pair => pair.Value);
}
