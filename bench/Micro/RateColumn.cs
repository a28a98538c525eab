using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace AkkaCp.Bench.Micro;

/// <summary>Work per second beside the time, so that a reader sees the distance to the machine's limits.</summary>
/// <param name="name">The unit, with giga.</param>
/// <param name="amount">Which part of the work.</param>
internal sealed class RateColumn(string name, Func<Work, double> amount) : IColumn
{
    public string Id => name;

    public string ColumnName => name;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => $"{name}: from the mean time, and the work by formula";

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        if (summary[benchmarkCase]?.ResultStatistics is not { } times
            || Activator.CreateInstance(benchmarkCase.Descriptor.Type) is not OperatorBenchmarks benchmark)
        {
            return "";
        }

        foreach (var parameter in benchmarkCase.Parameters.Items)
            benchmarkCase.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(benchmark, parameter.Value);
        var work = amount(benchmark.WorkOf(benchmarkCase.Descriptor.WorkloadMethod.Name));
        return work == 0 ? "" : (work / times.Mean).ToString("F1", CultureInfo.InvariantCulture);
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);
}
