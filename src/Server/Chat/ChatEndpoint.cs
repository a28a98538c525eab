using AkkaCp.Server.Answers;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal static class ChatEndpoint
{
    /// <summary>Answers one request.</summary>
    public static async Task AnswerAsync(ApiCall call)
    {
        var body = await call.ReadAsync(ChatJson.Strict.ChatCompletionBody).ConfigureAwait(false);
        var engine = call.Engine;
        var request = ChatRequest.Read(body, engine);
        await Answering.RunAsync(call, request, new ChatSurface(request, engine.ModelName, TimeProvider.System)).ConfigureAwait(false);
    }
}
