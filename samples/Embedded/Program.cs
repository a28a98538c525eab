using AkkaCp.Engine;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// The engine inside a program of yours: dotnet run --project samples/Embedded -- "How many …?"
var question = args.FirstOrDefault() ?? "Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?";
var model = Path.Combine(AppContext.BaseDirectory, "models", "demo");

// 1. As a hosted service, behind Microsoft.Extensions.AI's IChatClient: the prompt is prefilled by two context-parallel ranks.
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.Services.AddAkkaCp(new EngineOptions { ModelPath = model, AttnCp = 2, MinCpTokens = 8 });
using (var host = builder.Build())
{
    await host.StartAsync();
    await foreach (var update in host.Services.GetRequiredService<IChatClient>().GetStreamingResponseAsync(question))
        Console.Write(update.Text);
    Console.WriteLine();
    await host.StopAsync();
}

// 2. Directly, with everything that the engine tells about a request.
await using var engine = await InferenceEngine.StartAsync(new EngineOptions { ModelPath = model, AttnCp = 2, MinCpTokens = 8 });
var request = new GenerationRequest { Messages = [new PromptMessage("user", question)], MaxTokens = 100 };
await foreach (var chunk in engine.GenerateAsync(request))
{
    Console.Write(chunk.Text);
    if (chunk.Summary is { } summary)
        Console.WriteLine($"\n{summary.PromptTokens} prompt tokens, rows {string.Join(" + ", summary.Placement.RowsPerRank)}");
}
