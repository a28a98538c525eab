using System.Diagnostics;
using Akka.Actor;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Nodes;

/// <summary>Measures one node's way to another, control plane and data plane.</summary>
internal static class NodeProbe
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    /// <summary>Always gives a report; what cannot be reached is a value.</summary>
    public static async Task<NodeProtocol.Probed> RunAsync(ActorSystem system, IRankHost host, NodeProtocol.Probe probe)
    {
        var control = await AskAsync(system, probe.Control).ConfigureAwait(false);
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            return new NodeProtocol.Probed(control, await host.ProbeAsync(probe.Data, patience.Token).ConfigureAwait(false));
        }
#pragma warning disable CA1031 // Whatever keeps one node from another is what was asked for.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return new NodeProtocol.Probed(control, new DataLink(TimeSpan.Zero, 0, exception.Message.ReplaceLineEndings(" ")));
        }
    }

    /// <summary>Round trip to the node's actor at <c>host:port</c>; zero when none came back.</summary>
    public static async Task<TimeSpan> AskAsync(ActorSystem system, string control)
    {
        try
        {
            var node = system.ActorSelection(NodePath(system, control));

            // The first message may have to open the connection, which is not what is measured.
            await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, s_patience).ConfigureAwait(false);
            var start = Stopwatch.GetTimestamp();
            await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, s_patience).ConfigureAwait(false);
            return Stopwatch.GetElapsedTime(start);
        }
        catch (Exception exception) when (exception is AskTimeoutException or FormatException)
        {
            return TimeSpan.Zero;
        }
    }

    /// <summary>The node's actor at <c>host:port</c>.</summary>
    public static string NodePath(ActorSystem system, string control) =>
        (new RootActorPath(ControlAddress.At(system, control)) / "user" / NodeProtocol.ActorName).ToString();
}
