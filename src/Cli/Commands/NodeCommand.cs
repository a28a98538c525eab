using System.CommandLine;
using AkkaCp.Actors.Protocol;
using AkkaCp.Cli.Output;
using AkkaCp.Engine;
using AkkaCp.Server;
using Microsoft.Extensions.Hosting.Systemd;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp node</c>: a node of a cluster, until it is asked to end.</summary>
internal static class NodeCommand
{
    public const string Name = "node";

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Runs a node of the cluster that the configuration describes; one line for each change of state.");
        foreach (var option in new Option[] { CommonOptions.Config, CommonOptions.Set, CommonOptions.Model, CommonOptions.Dtype,
            CommonOptions.Activations, CommonOptions.Threads })
        {
            command.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(CommonOptions.Config) is null)
            throw new UsageException("node: expected --config FILE with akka-cp.cluster.seeds, found none");
        using var loggers = EngineFlags.LoggersOfANode(parsed);
        await using var lines = new BackgroundLines(io.Out);
        void Say(string text) => lines.Say(FormattableString.Invariant($"{TimeProvider.System.GetLocalNow():HH:mm:ss.fff} {text}"));

        var states = new StateLines(Say);
        var options = EngineFlags.Read(parsed) with { LoggerFactory = loggers };
        var node = await ClusterNode.StartAsync(options, states.Take, cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            await using var probes = await NodeHealthService.StartAsync(options, () => node.Status, cancellationToken)
                .ConfigureAwait(false);
            Say($"node {node.Name}, control {node.Control}, data {node.Data}");
            new SystemdNotifier().Notify(ServiceState.Ready);
            try
            {
                await node.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Asked to end: the disposal drains.
            }
        }

        return ErrorReport.Success;
    }

    /// <summary>Lines of a node's changes; of its loading one for each tenth.</summary>
    private sealed class StateLines(Action<string> say)
    {
        private string _last = "";

        public void Take(NodeStatus status)
        {
            var rounded = status.State == NodeState.Loading
                ? status with { LoadProgress = Math.Floor(status.LoadProgress * 10) / 10 }
                : status;
            var text = rounded.ToString();
            if (text == _last)
                return;
            _last = text;
            say(text);
        }
    }
}
