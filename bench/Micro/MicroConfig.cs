using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace AkkaCp.Bench.Micro;

/// <summary>
/// How all micro benchmarks run: in this process, iterations of a fifth of a second, allocated bytes beside the time, and what an operator
/// computes and moves as GFLOP/s and GB/s.
/// </summary>
internal sealed class MicroConfig : ManualConfig
{
    public MicroConfig()
    {
        AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithIterationTime(TimeInterval.FromMilliseconds(150))
            .WithWarmupCount(4)
            .WithIterationCount(7));
        AddDiagnoser(MemoryDiagnoser.Default);
        AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics);
        AddColumn(StatisticColumn.Mean, StatisticColumn.StdDev, new RateColumn("GFLOP/s", work => work.Flops),
            new RateColumn("GB/s", work => work.Bytes));
        AddExporter(MarkdownExporter.GitHub, JsonExporter.BriefCompressed);
        AddLogger(ConsoleLogger.Unicode);
    }
}
