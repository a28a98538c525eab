using System.Globalization;
using System.Text;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>All that happens in a simulation, a line each: the same from the same seed, byte for byte.</summary>
internal sealed class Trace(VirtualTime time)
{
    private readonly StringBuilder _lines = new();

    public void Note(string what) => Add(what);

    public void Heard(SimActor actor, object message, Akka.Actor.IActorRef? sender) =>
        Add($"{actor} hears of {sender?.ToString() ?? "itself"}: {Text(message)}");

    public void Lost(SimActor actor, object message, SimActor? sender) => Add($"{actor} does not hear of {sender}: {Text(message)}");

    public void Read(SimRequest request, GenerationProtocol.IReply reply) => Add($"{request} reads {Text(reply)}");

    public override string ToString() => _lines.ToString();

    private void Add(string what) => _lines.Append(CultureInfo.InvariantCulture, $"{time.Now,7} {what}\n");

    /// <remarks>Without ids that are drawn anew in each run.</remarks>
    private static string Text(object message) => message switch
    {
        NodeProtocol.Heartbeat beat =>
            $"Heartbeat: {beat.Status}, loaded {string.Join(" ", beat.Loaded)}, highest epoch {beat.HighestEpoch}",
        NodeProtocol.Assigned assigned => $"Assigned: {string.Join(" ", assigned.Ranks)}, preload {string.Join(" ", assigned.Preload)}",
        NodeProtocol.Located located => $"Located: {located.Coordinator}",
        RankProtocol.Open open => $"Open: {open.Table}",
        RankProtocol.RunStep run => $"RunStep: {run.Plan}",
        RankProtocol.StepEnded ended => $"StepEnded: {ended.Result}",
        GenerationProtocol.TokenGenerated token => $"TokenGenerated: {token.Token.Id} at {token.Position}",
        EdgeProtocol.HandIn { Request: var submit } => $"HandIn: {submit.Tokens.Length} tokens, {submit.MaxNewTokens} new",
        GenerationProtocol.Progress progress => $"Progress: {progress.Processed} of {progress.Total}",
        GenerationProtocol.Completed completed => $"Completed: {completed.Reason}",
        GenerationProtocol.Failed failed => $"Failed: {failed.Error}, {failed.Message}",
        EdgeProtocol.Ended ended => $"Ended: length {ended.Length}, {Text(ended.Reply)}",
        EdgeProtocol.Poll poll => $"Poll: {poll.Known}",
        EdgeProtocol.Waiting waiting => $"Waiting: {waiting.Missing}",
        RankProtocol.ICommand command => $"{command.GetType().Name}: epoch {command.Epoch}",
        RankProtocol.IEvent happened => $"{happened.GetType().Name}: epoch {happened.Epoch}, rank {happened.Rank}",
        _ => message.GetType().Name,
    };
}
