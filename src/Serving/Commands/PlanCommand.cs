using System.CommandLine;
using System.Text;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Serving.Display;

namespace AkkaCp.Serving.Commands;

/// <summary><c>akkacp plan</c>: the zigzag plan of a batch, a picture at a terminal and JSON elsewhere.</summary>
internal static class PlanCommand
{
    // A plan lists every row; these keep the JSON within what a reader can take.
    private const int MaxRanks = 4096;
    private const int MaxTokens = 1 << 24;
    private const int MaxPrefix = 1 << 30;

    private static readonly Option<int> s_attnCp = new("--attn-cp")
    {
        Description = "Context-parallel ranks.",
        Required = true,
    };

    private static readonly Option<string> s_extend = new("--extend")
    {
        Description = "New tokens of each request: 9,10.",
        Required = true,
    };

    private static readonly Option<string?> s_prefix = new("--prefix")
    {
        Description = "Tokens of each request that are in the KV pool already: 2,3. Default 0 for each.",
    };

    public static Command Create(CommandIo io)
    {
        var command = new Command("plan", "Shows how a batch is cut: a picture at a terminal, JSON into a pipe.") { s_attnCp, s_extend, s_prefix, CommonOptions.Json };
        command.SetAction(parsed => Run(parsed, io));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io)
    {
        var extend = IntegerList.Parse("--extend", parsed.GetRequiredValue(s_extend));
        Require("--attn-cp", parsed.GetValue(s_attnCp), MaxRanks);
        Require("--extend", extend.Sum(length => Math.Max(0L, length)), MaxTokens);
        var prefix = parsed.GetValue(s_prefix) is { } given ? IntegerList.Parse("--prefix", given) : [];
        Require("--prefix", prefix.Sum(length => Math.Max(0L, length)), MaxPrefix);
        var plan = Partition(extend, prefix, parsed.GetValue(s_attnCp));
        if (CommonOptions.WantsPicture(parsed, io))
            PlanPicture.Draw(Sheet.On(io.Out, io.OutputIsTerminal), plan);
        else
            io.Out.WriteLine(Encoding.UTF8.GetString(ZigzagPlanJson.ToUtf8(plan)));
        return ErrorReport.Success;
    }

    private static void Require(string option, long found, long most)
    {
        if (found > most)
            throw new UsageException($"{option}: expected at most {most} in all, found {found}");
    }

    private static ZigzagPartition Partition(int[] extend, int[] prefix, int attnCp)
    {
        try
        {
            return ZigzagPartition.Create(extend, prefix, attnCp);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
    }
}
