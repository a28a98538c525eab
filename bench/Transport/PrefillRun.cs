using System.Diagnostics;
using System.Globalization;
using AkkaCp.Collectives.Setup;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Sampling;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Bench.Transport;

/// <summary>
/// A prompt on two context-parallel ranks, each a process with one computing thread, and how long the ranks wait for K and V: the time in
/// which the gather is not hidden behind other work. A slow way makes both ranks wait; a rank that computes more slowly, as when its
/// processor is lent to somebody else for a while, makes only the other wait. Random weights and tokens.
/// </summary>
internal static class PrefillRun
{
    private const int Rounds = 5;
    private const int BlockSize = 128;
    private const string GatherStage = "KvConcatGather";

    /// <summary>Both processes call it.</summary>
    /// <param name="processes">The two.</param>
    /// <param name="directory">The model.</param>
    /// <param name="tokens">Of the prompt, which is one step.</param>
    /// <param name="host">Address of this process's data plane.</param>
    public static async Task RunAsync(PeerProcess processes, string directory, int tokens, string host)
    {
        var config = ModelConfig.Load(directory);
        using var device = new CpuDevice(new CpuDeviceOptions { Threads = 1, Cores = [processes.Rank], Name = $"rank{processes.Rank}" });
        var store = new WeightStore();
        var shard = PairMesh.Topology.ShardOf(processes.Rank);
        using var weights = await Task.Factory.StartNew(
            () => ModelLoader.Load(directory, config, shard, device, DType.BF16, store), CancellationToken.None,
            TaskCreationOptions.RunContinuationsAsynchronously, device.Stream);
        using var kv = new KvPool(device.Memory, new KvPoolShape
        {
            Layers = config.NumHiddenLayers,
            Blocks = (tokens / BlockSize) + 2,
            BlockSize = BlockSize,
            Row = KvRow.Of(config, shard),
            DType = DType.BF16,
        });
        await using var pair = await PairMesh.ConnectAsync(processes, new DataPlaneOptions { Host = host, Insecure = true });
        var clock = new StageClock();
        var results = new TaskCompletionSource<StepResult>[1];
        await using var pipeline = new RankPipeline(
            new RankSetup
            {
                Rank = processes.Rank,
                Topology = PairMesh.Topology,
                Device = device,
                Weights = weights,
                Rope = new RotaryEmbedding(config, config.MaxPositionEmbeddings),
                Kv = kv,
                Groups = pair.Mesh.GroupsOf(processes.Rank),
                Clock = clock,
            },
            result => results[0].SetResult(result));

        processes.Print("| prompt tokens | ms | exposed gather ms, rank 0 and rank 1 | mean share |");
        processes.Print("|---|---|---|---|");
        // The round before the first warms up.
        for (var round = 0; round <= Rounds; round++)
        {
            results[0] = new TaskCompletionSource<StepResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            clock.Reset();
            processes.Exchange("ready");
            var start = Stopwatch.GetTimestamp();
            await pipeline.SendAsync(Spec(config, tokens, round), CancellationToken.None);
            var result = await results[0].Task;
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Print(processes, clock, result, tokens, seconds, isWarm: round > 0);
        }
    }

    private static void Print(PeerProcess processes, StageClock clock, StepResult result, int tokens, double seconds, bool isWarm)
    {
        if (result.Fault is { } fault)
            throw new InvalidOperationException(fault.ToString());

        var exposed = clock.Stages.Where(stage => stage.Name == GatherStage).Sum(stage => stage.Exposed.TotalSeconds);
        var theirs = double.Parse(processes.Exchange(exposed.ToString("R", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var mean = (exposed + theirs) / 2;
        if (isWarm)
        {
            processes.Print(string.Create(CultureInfo.InvariantCulture,
                $"| {tokens} | {seconds * 1e3:0} | {exposed * 1e3:0.0} and {theirs * 1e3:0.0} | {mean / seconds:0.0 %} |"));
        }
    }

    // One step with the whole prompt, every round in the same blocks.
    private static StepPlan Spec(ModelConfig config, int tokens, int round)
    {
        var random = new Random(round);
        var placement = CpPolicy.Assign([new RequestLength(tokens, 0, false)], PairMesh.Topology.AttnCp, new CpPolicySettings())[0];
        return new StepPlan(1, round + 1,
        [
            new StepRequest
            {
                SequenceId = round + 1,
                Prefix = 0,
                Tokens = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(config.VocabSize))],
                IsDecode = false,
                Placement = placement,
                NewBlocks = [.. Enumerable.Range(1, (tokens + BlockSize - 1) / BlockSize)],
                Start = new SequenceStart(tokens, SamplingOptions.Greedy),
                Sample = true,
            },
        ], round == 0 ? [] : [round]);
    }
}
