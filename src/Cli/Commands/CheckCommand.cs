using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using AkkaCp.Cli.Display;
using AkkaCp.Collectives.Topology;
using AkkaCp.Engine;
using AkkaCp.Model.Weights.Sources;
using Spectre.Console;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp check</c>: validates configuration and model, and prints what an engine would be.</summary>
internal static class CheckCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions s_text = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Option<bool> s_tensors =
        new("--check-tensors") { Description = "Read all weights and report NaN and infinities." };

    public static Command Create(CommandIo io)
    {
        var command = new Command("check",
            "Validates configuration and model; prints layout, memory, threads and, of a cluster, who reaches whom.") { s_tensors };
        CommonOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var options = EngineFlags.Read(parsed);
        var found = EngineInspection.Create(options, parsed.GetValue(s_tensors), cancellationToken);
        foreach (var problem in found.Problems)
            io.Error.WriteLine($"akkacp: {problem}");
        if (found.Problems.Count > 0)
            return ErrorReport.WrongUsage;

        var cluster = await ClusterInspection.CreateAsync(options, s_patience, cancellationToken).ConfigureAwait(false);
        Print(io.Out, found, isCluster: cluster is not null);
        return cluster is null || ClusterTables.Print(io.Out, cluster) ? ErrorReport.Success : ErrorReport.Failed;
    }

    private static void Print(TextWriter output, EngineInspection found, bool isCluster)
    {
        // Lines for scripts stay whole; only the table is fitted to the terminal.
        var layout = found.Topology;
        output.WriteLine($"model    {found.ModelDirectory}, {found.Dtype}");
        output.WriteLine($"files    {string.Join(", ", found.StoredTypes.Select(type => $"{type.Name} {RunLine.Bytes(type.Bytes)}"))}");
        foreach (var type in found.StoredTypes.Where(_ => found.StoredTypes.Any(any => any.IsQuantised)))
            output.WriteLine($"weights  {type.Name}: {string.Join(", ", type.Places)}");
        foreach (var form in found.WeightForms)
            output.WriteLine(Line(form));
        output.WriteLine(
            $"layout   tp {layout.Tp}, attn-cp {layout.AttnCp}, moe-dp {layout.MoeDp}, ep {layout.Ep}: {layout.WorldSize} ranks");
        output.WriteLine(
            $"device   {found.Kernels}, {found.ThreadsPerRank} threads for each rank, {found.Processors} processors");
        output.WriteLine(
            $"memory   weights {RunLine.Bytes(found.WeightBytes)} in all, "
            + $"KV {RunLine.Bytes(found.KvBytes.Sum())} for {found.KvTokens} tokens, "
            + $"rotary table {RunLine.Bytes(found.RotaryBytes)}");
        foreach (var end in found.EndTokens)
            output.WriteLine($"ends     {end.Id} {JsonSerializer.Serialize(end.Text, s_text)}: {string.Join("; ", end.Sources)}");
        foreach (var note in found.Notes)
            output.WriteLine($"note     {note}");
        if (!isCluster)
            output.WriteLine("ranks of this process reach each other through shared memory");
        Sheet.On(output).Write(Ranks(found));
    }

    private static string Line(WeightForm form) => (form.Reason is null ? "packed   " : "floats   ")
        + $"{form.Stored} as {form.InMemory}, {RunLine.Bytes(form.Bytes)}"
        + (form.Reason is null ? "" : $" ({form.Reason})") + $": {string.Join(", ", form.Places)}";

    private static Table Ranks(EngineInspection found)
    {
        var table = new Table().AddColumns("rank", "attn_tp", "attn_cp", "moe_dp", "moe_ep", "moe_tp", "KV", "K/V gathered with");
        for (var rank = 0; rank < found.Topology.WorldSize; rank++)
        {
            var place = found.Topology.CoordinatesOf(rank);
            table.AddRow(
                $"{rank}", $"{place.AttnTpRank}", $"{place.AttnCpRank}",
                $"{place.MoeDpRank}", $"{place.MoeEpRank}", $"{place.MoeTpRank}",
                RunLine.Bytes(found.KvBytes[rank]), string.Join(", ", found.Topology.GroupOf(GroupKind.AttnCp, rank).Ranks));
        }

        return table;
    }
}
