using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Wire;

/// <summary>Step plans and their results on the wire.</summary>
internal static class StepWire
{
    private const int LeastShareBytes = 8;
    private const int LeastSampleBytes = 3;

    public static void Write(this WireWriter to, StepPlan plan)
    {
        to.Long(plan.Epoch);
        to.Long(plan.Step);
        to.Sequence(plan.Requests, share => Write(to, share));
        to.Sequence(plan.Released, to.Long);
    }

    public static StepPlan StepPlan(this WireReader from) => new(
        from.Long(), from.Long(), from.Sequence(LeastShareBytes, () => StepRequest(from)), from.Sequence(1, from.Long));

    public static void Write(this WireWriter to, StepResult result)
    {
        to.Long(result.Epoch);
        to.Long(result.Step);
        to.Int(result.Rank);
        to.Sequence(result.Samples, sample => Write(to, sample));
        to.Optional(result.Fault, fault => Write(to, fault));
        to.Int(result.Stats.Rows);
        to.Long(result.Stats.KvBytesGathered);
        to.Duration(result.Stats.Elapsed);
    }

    public static StepResult StepResult(this WireReader from) => new(
        from.Long(), from.Long(), from.Int(), from.Sequence(LeastSampleBytes, () => RequestSample(from)),
        from.Optional(() => PipelineFault(from)), new StepStats(from.Int(), from.Long(), from.Duration()));

    private static void Write(WireWriter to, StepRequest share)
    {
        to.Long(share.SequenceId);
        to.Int(share.Prefix);
        to.Ints(share.Tokens);
        to.Bool(share.IsDecode);
        to.Word(share.Placement.Kind);
        to.Int(share.Placement.Owner);
        to.Ints(share.NewBlocks);
        to.Bool(share.Sample);
        to.Optional(share.Start, start =>
        {
            to.Int(start.PromptLength);
            to.Write(start.Sampling);
            to.Bool(start.AllLogits);
            to.Ints(start.Seen);
        });
    }

    private static StepRequest StepRequest(WireReader from) => new()
    {
        SequenceId = from.Long(),
        Prefix = from.Int(),
        Tokens = from.Ints(),
        IsDecode = from.Bool(),
        Placement = new CpPlacement(from.Word<PlacementKind>(), from.Int()),
        NewBlocks = from.Ints(),
        Sample = from.Bool(),
        Start = from.Optional(() => new SequenceStart(from.Int(), from.SamplingOptions(), from.Bool()) { Seen = from.Ints() }),
    };

    private static void Write(WireWriter to, RequestSample sample)
    {
        to.Long(sample.SequenceId);
        to.Optional(sample.Token, to.Write);
        to.Optional(sample.Fault, fault => Write(to, fault));
    }

    private static RequestSample RequestSample(WireReader from) =>
        new(from.Long(), from.Optional(from.SampledToken), from.Optional(() => PipelineFault(from)));

    private static void Write(WireWriter to, PipelineFault fault)
    {
        to.Word(fault.Kind);
        to.Text(fault.Stage);
        to.Int(fault.Layer);
        to.Int(fault.Rank);
        to.Long(fault.Step);
        to.Text(fault.Message);
    }

    private static PipelineFault PipelineFault(WireReader from) =>
        new(from.Word<FaultKind>(), from.Text(), from.Int(), from.Int(), from.Long(), from.Text());
}
