using System.CommandLine;
using AkkaCp.Cli.Display;

namespace AkkaCp.Cli.Commands;

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
        var command = new Command("plan", "Shows how a batch is cut: a picture at a terminal, JSON into a pipe.")
        {
            s_attnCp, s_extend, s_prefix, CommonOptions.Json,
        };
        command.SetAction(parsed => Run(parsed, io));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io)
    {
        var ranks = parsed.GetValue(s_attnCp);
        if (ranks is < 1 or > MaxRanks)
            throw new UsageException($"--attn-cp: expected 1 to {MaxRanks}, found {ranks}");
        var extend = Lengths("--extend", parsed.GetRequiredValue(s_extend), MaxTokens);
        var prefix = parsed.GetValue(s_prefix) is { } given ? Lengths("--prefix", given, MaxPrefix) : [];
        if (prefix.Length > 0 && prefix.Length != extend.Length)
            throw new UsageException($"--prefix: expected {extend.Length} lengths or none, found {prefix.Length}");

        var cut = new BatchCut(extend, prefix, ranks);
        if (CommonOptions.WantsPicture(parsed, io))
            PlanPicture.Draw(Sheet.On(io.Out, io.OutputIsTerminal), cut);
        else
            PlanJson.Write(io.Out, cut);
        return ErrorReport.Success;
    }

    private static int[] Lengths(string option, string text, int most)
    {
        var lengths = IntegerList.Parse(option, text);
        if (lengths.Any(length => length < 0))
            throw new UsageException($"{option}: expected lengths of 0 or more, found {lengths.First(length => length < 0)}");
        var sum = lengths.Sum(length => (long)length);
        return sum <= most ? lengths : throw new UsageException($"{option}: expected at most {most} in all, found {sum}");
    }
}
