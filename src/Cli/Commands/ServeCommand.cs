using System.CommandLine;
using AkkaCp.Engine;
using AkkaCp.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp serve</c>: the HTTP service, with the model in this process or, with seeds configured, before a cluster.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    private static readonly Option<string?> s_host = new("--host") { Description = "Address to listen on. Default: 127.0.0.1." };
    private static readonly Option<int?> s_port = new("--port") { Description = "Port to listen on; 0 for a free one. Default: 8080." };

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Serves the OpenAI API over HTTP, until it is asked to end.") { s_host, s_port };
        CommonOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        await using var progress = new Display.ProgressDisplay(io);
        using var loggers = EngineFlags.LoggersOfANode(parsed);
        var options = WithAddress(EngineFlags.Read(parsed), parsed) with
        {
            LoggerFactory = loggers,
            LoadProgress = progress.Loading,
            ClusterWait = progress.Waiting,
        };
        var app = AkkaCpService.Create(options, loggers);
        await using (app.ConfigureAwait(false))
        {
            await AkkaCpService.StartAsync(app, cancellationToken).ConfigureAwait(false);
            io.Error.WriteLine($"listening on {string.Join(", ", app.Urls)}");
            try
            {
                var engine = await app.Services.GetRequiredService<EngineHost>().GetEngineAsync(cancellationToken).ConfigureAwait(false);
                await progress.EndAsync().ConfigureAwait(false);
                io.Error.WriteLine($"{engine.ModelName} is ready");
                new SystemdNotifier().Notify(ServiceState.Ready);
                await ((IHost)app).WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Asked to end while it loads.
            }
        }

        return ErrorReport.Success;
    }

    // A flag is an override of its key, like any other.
    private static EngineOptions WithAddress(EngineOptions options, ParseResult parsed)
    {
        var overrides = new Dictionary<string, string>(options.Overrides);
        if (parsed.GetValue(s_host) is { } host)
            overrides["akka-cp.server.host"] = host;
        if (parsed.GetValue(s_port) is { } port)
            overrides["akka-cp.server.port"] = FormattableString.Invariant($"{port}");
        return options with { Overrides = overrides };
    }
}
