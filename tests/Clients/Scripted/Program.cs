using AkkaCp.Engine;
using AkkaCp.Engine.Tests;
using AkkaCp.Scripted;
using AkkaCp.Server;
using AkkaCp.Settings;

// The service before a scripted model, as an application of one's own maps it: open to all, and below /keyed for those with the key.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
var app = builder.Build();
var engine = new InferenceEngine(new ScriptedBackend(), TestModel.Demo);
await using (engine.ConfigureAwait(false))
{
    app.MapAkkaCp(engine);
    app.MapGroup("/keyed").MapAkkaCp(engine, new ServerSettings { ApiKeys = ["sk-right"] });
    await app.StartAsync().ConfigureAwait(false);
    await Console.Error.WriteLineAsync($"listening on {string.Join(", ", app.Urls)}").ConfigureAwait(false);
    await app.WaitForShutdownAsync().ConfigureAwait(false);
}
