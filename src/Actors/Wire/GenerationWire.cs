using AkkaCp.Scheduling.Requests;
using static AkkaCp.Scheduling.Requests.GenerationProtocol;

namespace AkkaCp.Actors.Wire;

/// <summary>The generation protocol on the wire.</summary>
internal static class GenerationWire
{
    public static void Write(this WireWriter to, Submit submit)
    {
        to.Id(submit.RequestId);
        to.Ints(submit.Tokens);
        to.Int(submit.PromptLength);
        to.Int(submit.MaxNewTokens);
        to.Write(submit.Sampling);
        to.Ints(submit.StopTokens);
        to.Bool(submit.AllLogits);
        to.Text(submit.CacheSalt);
    }

    public static Submit Submit(this WireReader from) =>
        new(from.Id(), from.Ints(), from.Int(), from.Int(), from.SamplingOptions(), from.Ints(), from.Bool())
        {
            CacheSalt = from.Text(),
        };

    public static void Write(this WireWriter to, Progress progress)
    {
        to.Id(progress.RequestId);
        to.Long(progress.SequenceId);
        to.Int(progress.Processed);
        to.Int(progress.Total);
    }

    public static Progress Progress(this WireReader from) => new(from.Id(), from.Long(), from.Int(), from.Int());

    public static void Write(this WireWriter to, TokenGenerated generated)
    {
        to.Id(generated.RequestId);
        to.Int(generated.Position);
        to.Write(generated.Token);
    }

    public static TokenGenerated TokenGenerated(this WireReader from) => new(from.Id(), from.Int(), from.SampledToken());

    public static void Write(this WireWriter to, Completed completed)
    {
        to.Id(completed.RequestId);
        to.Word(completed.Reason);
        to.Int(completed.Placement.CpSize);
        to.Ints(completed.Placement.StepsByKind);
        to.Ints(completed.Placement.RowsPerRank);
        to.Long(completed.Placement.KvBytesGathered);
        to.Int(completed.Placement.CachedTokens);
    }

    public static Completed Completed(this WireReader from) => new(
        from.Id(), from.Word<CompletionReason>(), new PrefillPlacement(from.Int(), from.Ints(), from.Ints(), from.Long())
        {
            CachedTokens = from.Int(),
        });

    public static void Write(this WireWriter to, Failed failed)
    {
        to.Id(failed.RequestId);
        to.Word(failed.Error);
        to.Text(failed.Message);
    }

    public static Failed Failed(this WireReader from) => new(from.Id(), from.Word<FailureKind>(), from.Text());
}
