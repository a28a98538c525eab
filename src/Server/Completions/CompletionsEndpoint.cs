using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Completions;

/// <summary><c>POST /v1/completions</c>.</summary>
internal static class CompletionsEndpoint
{
    /// <summary>Answers one request.</summary>
    public static async Task AnswerAsync(ApiCall call)
    {
        var body = await call.ReadAsync(CompletionJson.Strict.CompletionBody).ConfigureAwait(false);
        var engine = call.Engine;
        var request = CompletionRequest.Read(body, engine);
        var surface = new CompletionSurface(request, engine.ModelName, TimeProvider.System);
        await Answering.RunAsync(call, request, surface).ConfigureAwait(false);
    }
}
