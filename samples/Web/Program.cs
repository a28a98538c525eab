using System.Diagnostics.Metrics;
using System.Security.Claims;
using AkkaCp.Engine;
using AkkaCp.Samples.Web;
using AkkaCp.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.AI;
using OpenTelemetry.Metrics;

// A web application with a model inside: OpenAI's API beside routes of its own, for users that it knows.
//   dotnet run -c Release --project samples/Web
//   curl http://127.0.0.1:5080/word-problems -H 'Authorization: Bearer sample-key-of-ada' -d 'Ada has 61 shells. …'
var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseUrls(builder.Configuration["Urls"] ?? "http://127.0.0.1:5080");

// 1. The engine. Who may ask is the application's own business here (below), so the service does not ask for keys beside it.
builder.Services.AddAkkaCp(new EngineOptions
{
    ModelPath = builder.Configuration["Model"] ?? Path.Combine(AppContext.BaseDirectory, "models", "demo"),
    AttnCp = 2,
    Overrides = new Dictionary<string, string> { ["akka-cp.server.insecure"] = "on" },
});

// 2. Who somebody is: here by keys of appsettings.json, anywhere else by whatever the application has, such as JWTs or cookies.
builder.Services.AddAuthentication(UserKeys.SchemeName).AddScheme<AuthenticationSchemeOptions, UserKeys>(UserKeys.SchemeName, null);
builder.Services.AddAuthorization();

// 3. Metrics: the engine's beside the framework's and those of the application.
using var meter = new Meter("AkkaCp.Samples.Web");
var problems = meter.CreateCounter<long>("sample.word_problems", description: "Word problems that were solved.");
builder.Services.AddOpenTelemetry().WithMetrics(
    metrics => metrics.AddMeter("AkkaCp", meter.Name, "Microsoft.AspNetCore.Hosting").AddPrometheusExporter());

var app = builder.Build();

// 4. OpenAI's API for the users: /v1/chat/completions and so on. /health is open to probes.
app.MapAkkaCp().RequireAuthorization();

// 5. Routes of the application's own, of which one asks the model, in the process.
app.MapGet("/", () => "POST a word problem to /word-problems, or point an OpenAI client at /v1.");
app.MapGet("/me", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
app.MapPost("/word-problems", async (HttpRequest request, IChatClient model, CancellationToken aborted) =>
{
    using var reader = new StreamReader(request.Body);
    var answer = await model.GetResponseAsync(
        await reader.ReadToEndAsync(aborted), new ChatOptions { Temperature = 0, MaxOutputTokens = 200 }, aborted);
    problems.Add(1);
    return answer.Text;
}).RequireAuthorization();
app.MapPrometheusScrapingEndpoint("/metrics");

await app.RunAsync();
