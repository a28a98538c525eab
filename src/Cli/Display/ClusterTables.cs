using System.Globalization;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine;
using Spectre.Console;

namespace AkkaCp.Cli.Display;

/// <summary>What <c>akkacp check</c> prints of a cluster: its nodes, and who reaches whom on both planes.</summary>
internal static class ClusterTables
{
    private const int HashLetters = 12;

    /// <summary>Prints it.</summary>
    /// <returns>Whether a coordinator was found, its model is the configuration's, no node is refused,
    /// and all nodes reach each other.</returns>
    public static bool Print(TextWriter output, ClusterInspection found)
    {
        foreach (var seed in found.Seeds)
            output.WriteLine($"seed     {seed.Address}: {SeedText(seed)}");
        if (found.Status is not { } status)
        {
            output.WriteLine("cluster  no coordinator was found");
            return false;
        }

        var group = status.Group;
        output.WriteLine(
            $"cluster  coordinator at {status.Coordinator}, {group.Phase.ToString().ToLowerInvariant()}, epoch {group.Epoch}, "
            + $"{status.WorldSize} ranks, {group.Running} requests run, {group.Queued} wait");
        foreach (var difference in found.Differences)
            output.WriteLine($"model    differs from the cluster's, which refuses requests for it: {difference}");
        var console = Sheet.On(output);
        console.Write(Nodes(status));
        console.Write(Machines(status));
        console.Write(Ways(found));
        return found.Differences.IsEmpty && status.Nodes.All(node => node.Refusal.Length == 0)
            && found.Reach.All(way => way.Data.Error is null && way.Control > TimeSpan.Zero);
    }

    private static string SeedText(SeedReport seed) => seed.Status is { } status
        ? $"{status}, answers in {Milliseconds(seed.RoundTrip)}"
        : "no answer";

    private static Table Nodes(ClusterStatus status)
    {
        var table = new Table().AddColumns("node", "control", "data", "state");
        foreach (var node in status.Nodes)
        {
            table.AddRow(
                Markup.Escape(node.Offer.Name), Markup.Escape(node.Control), Markup.Escape(node.Offer.DataEndpoint),
                Markup.Escape(node.Refusal.Length == 0 ? $"{node.Status}" : $"refused: {node.Refusal}"));
        }

        return table;
    }

    private static Table Machines(ClusterStatus status)
    {
        var table = new Table().AddColumns("node", "memory", "device", "model", "kernels");
        foreach (var node in status.Nodes)
        {
            table.AddRow(
                Markup.Escape(node.Offer.Name), RunLine.Bytes(node.Offer.MemoryBytes), Markup.Escape(node.Offer.Device),
                node.Facts.Model.Hash[..HashLetters], Markup.Escape(node.Facts.Kernels));
        }

        return table;
    }

    private static Table Ways(ClusterInspection found)
    {
        var table = new Table().AddColumns("from", "to", "control", "data", "bandwidth");
        foreach (var way in found.Reach)
        {
            table.AddRow(
                Markup.Escape(way.From), Markup.Escape(way.To),
                way.Control > TimeSpan.Zero ? Milliseconds(way.Control) : "no answer",
                way.Data.Error is { } error ? Markup.Escape(error) : Milliseconds(way.Data.RoundTrip),
                way.Data.Error is null ? Invariant($"{way.Data.BytesPerSecond / 1e9:0.00} GB/s") : "");
        }

        return table;
    }

    private static string Milliseconds(TimeSpan time) => Invariant($"{time.TotalMilliseconds:0.00} ms");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
