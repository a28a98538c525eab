using System.Collections.Concurrent;
using System.Diagnostics;
using AkkaCp.Engine;

// A cluster of three nodes on this machine, used and hurt: dotnet run -c Release --project samples/ClusterOnOneMachine
// Two nodes hold the context-parallel ranks, the third is a spare. While an answer streams, a node is killed.
var folder = AppContext.BaseDirectory;
var config = Path.Combine(folder, "three-nodes-spare.conf");
Environment.SetEnvironmentVariable("AKKACP_MODEL", Path.Combine(folder, "models", "demo"));
Environment.SetEnvironmentVariable("AKKACP_THREADS", "1");
string[] questions =
[
    "Tina has 4 boxes with 10 stones in each box. How many stones does Tina have?",
    "Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?",
    "Vera shares 18 books equally among 6 friends. How many books does each friend get?",
];

// 1. Start three nodes, as an operator would: akkacp node --config three-nodes-spare.conf
var serving = new ConcurrentDictionary<int, Process>();
var nodes = Enumerable.Range(1, 3).Select(StartNode).ToList();
try
{
    // 2. Use the cluster: an engine whose configuration names seeds holds no weights itself; requests wait until the ranks are there.
    await using var engine = await InferenceEngine.StartAsync(new EngineOptions { ConfigFile = config });
    for (var i = 0; i < questions.Length; i++)
    {
        Console.WriteLine($"> {questions[i]}");
        var tokens = 0;
        await foreach (var chunk in engine.GenerateAsync(new GenerationRequest { Messages = [new PromptMessage("user", questions[i])] }))
        {
            Console.Write(chunk.Text);
            if (i != 1 || chunk.Token is null || ++tokens != 5)
                continue;

            // 3. Kill a node that holds a rank. The stream pauses, the spare takes over, and the text goes on as if nothing had happened.
            Console.Write("[kill -9 of a node that holds a rank]");
            serving.Values.First().Kill();
        }

        Console.WriteLine();
    }
}
finally
{
    // 4. Stop what is left.
    foreach (var node in nodes.Where(node => !node.HasExited))
        node.Kill();
}

Process StartNode(int number)
{
    var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "akkacp.dll"), "node", "--config", config])
    {
        RedirectStandardOutput = true,
    };
    var node = Process.Start(start)!;
    node.OutputDataReceived += (_, line) =>
    {
        if (line.Data is null)
            return;
        Console.Error.WriteLine($"[node {number}] {line.Data}");
        if (line.Data.Contains("serving rank", StringComparison.Ordinal))
            serving[number] = node;
    };
    node.BeginOutputReadLine();
    return node;
}
