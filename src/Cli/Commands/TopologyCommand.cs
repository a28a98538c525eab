using System.CommandLine;
using System.Text;
using AkkaCp.Cli.Display;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp topology</c>: groups and coordinates of a layout, a picture at a terminal and JSON elsewhere;
/// or everything that is wrong with it.</summary>
internal static class TopologyCommand
{
    private static readonly Option<int> s_tp = new("--tp") { Description = "Ranks in all.", Required = true };
    private static readonly Option<int> s_attnCp = Size("--attn-cp", "Ranks that share a prompt's rows.");
    private static readonly Option<int> s_moeDp = Size("--moe-dp", "Groups that run experts on their own rows.");
    private static readonly Option<int> s_ep = Size("--ep", "Ranks that share the experts.");
    private static readonly Option<int> s_attnDp = Size("--attn-dp", "Ranks that share the requests.");
    private static readonly Option<int> s_pp = Size("--pp", "Pipeline stages.");

    public static Command Create(CommandIo io)
    {
        var command = new Command(
            "topology", "Shows the rank groups of a layout, or all that is wrong with it: a picture at a terminal, JSON into a pipe.")
        {
            s_tp, s_attnCp, s_moeDp, s_ep, s_attnDp, s_pp, CommonOptions.Json,
        };
        command.SetAction(parsed => Run(parsed, io));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io)
    {
        var topology = new RankTopology(
            parsed.GetValue(s_tp), parsed.GetValue(s_attnCp), parsed.GetValue(s_moeDp), parsed.GetValue(s_ep),
            parsed.GetValue(s_attnDp), parsed.GetValue(s_pp));
        var problems = topology.Problems();
        foreach (var problem in problems)
            io.Error.WriteLine($"akkacp: {problem}");
        if (problems.Count > 0)
            return ErrorReport.WrongUsage;

        if (CommonOptions.WantsPicture(parsed, io))
            TopologyPicture.Draw(Sheet.On(io.Out, io.OutputIsTerminal), topology);
        else
            io.Out.WriteLine(Encoding.UTF8.GetString(TopologyJson.ToUtf8(topology)));
        return ErrorReport.Success;
    }

    private static Option<int> Size(string name, string description) =>
        new(name) { Description = description + " Default 1.", DefaultValueFactory = _ => 1 };
}
