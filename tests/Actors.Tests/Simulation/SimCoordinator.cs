using System.Numerics;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>A coordinator on its node, and what must hold behind each of its turns.</summary>
internal sealed class SimCoordinator
{
    private readonly HashSet<Guid> _seen = [];
    private readonly CoordinatorLogic _logic;
    private long _closedFor;
    private long _opened;

    public SimCoordinator(SimNode node)
    {
        Actor = new SimActor(node.Process, "coordinator") { Told = Check };
        _logic = new CoordinatorLogic(node.CoordinatorContext, Actor);
        Actor.Become(Hear, _logic.Start, _logic.End);
    }

    public SimActor Actor { get; }

    /// <summary>What is wrong with a coordinator that has no request any more; null for nothing.</summary>
    public string? WhyNotIdle
    {
        get
        {
            var state = _logic.State;
            if (!state.IsIdle)
                return $"{state.Queue.Count} requests wait, {state.Running.Count} run, {state.InFlight.Count} steps are inside";
            if (state.Kv.Free != state.Kv.Usable || state.Kv.Reserved != 0)
                return $"{state.Kv.Free} of {state.Kv.Usable} blocks are free, {state.Kv.Reserved} are promised";
            return _logic.Outbox.Count > 0 ? $"{_logic.Outbox.Count} requests are in the book" : null;
        }
    }

    private bool Hear(object message, Akka.Actor.IActorRef sender)
    {
        var isKnown = _logic.Hear(message, sender);
        CheckBlocks(_logic.State);
        CheckOnce(_logic.State);
        return isKnown;
    }

    /// <summary>No block is lost, none has two owners but those that are full and shared, and what is promised is what admitted requests
    /// may take.</summary>
    private void CheckBlocks(SchedulerState state)
    {
        var promised = 0;
        var blocks = 0UL;
        foreach (var request in state.Running.Values)
        {
            promised += request.BlocksReserved - request.Blocks.Length;
            for (var i = 0; i < request.Blocks.Length; i++)
            {
                var block = 1UL << request.Blocks[i];
                if ((blocks & block) != 0 && !IsShared(state, request, i))
                    throw new SimulationException($"{Actor}: block {request.Blocks[i]} has two owners");
                blocks |= block;
            }
        }

        var held = BitOperations.PopCount(blocks);
        if (state.Kv.Free + held != state.Kv.Usable)
            throw new SimulationException($"{Actor}: {state.Kv.Free} blocks are free and {held} held, of {state.Kv.Usable}");
        if (state.Kv.Reserved != held + promised)
            throw new SimulationException($"{Actor}: {state.Kv.Reserved} blocks are reserved, expected {held + promised}");
    }

    /// <summary>Whether all that hold the block have it in one place of their chains, under one name, and computed.</summary>
    private static bool IsShared(SchedulerState state, RequestState request, int index) => state.Running.Values
        .Where(other => other.Blocks.Contains(request.Blocks[index]))
        .All(other => other.Blocks.IndexOf(request.Blocks[index]) == index && other.Computed >= (index + 1) * Scenario.BlockTokens
            && other.Names[index] == request.Names[index]);

    /// <summary>No request runs beside itself.</summary>
    private void CheckOnce(SchedulerState state)
    {
        if (state.Queue.Count + state.Running.Count < 2)
            return;
        _seen.Clear();
        foreach (var request in state.Queue.Requests)
            See(request);
        foreach (var request in state.Running.Values)
            See(request);
    }

    private void See(RequestState request)
    {
        if (!request.HasEnded && !_seen.Add(request.Submit.RequestId))
            throw new SimulationException($"{Actor}: request {request.Submit.RequestId} runs twice");
    }

    /// <summary>Steps are told to the group that was opened last, and to none that is given up.</summary>
    private void Check(object message)
    {
        switch (message)
        {
            case RankProtocol.Close close:
                _closedFor = close.Epoch >= _closedFor ? close.Epoch : throw Wrong(close);
                break;
            case RankProtocol.Open open:
                _opened = open.Epoch == _closedFor ? open.Epoch : throw Wrong(open);
                break;
            case RankProtocol.RunStep or RankProtocol.Resend:
                if (((RankProtocol.ICommand)message).Epoch != _opened || _opened != _closedFor || _logic.State.NeedsNewEpoch)
                    throw Wrong((RankProtocol.ICommand)message);
                break;
        }
    }

    private SimulationException Wrong(RankProtocol.ICommand command) => new(
        $"{Actor} tells {command.GetType().Name} of epoch {command.Epoch}, having closed for {_closedFor} and opened {_opened}");
}
