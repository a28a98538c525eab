using AkkaCp.Server.Chat;
using AkkaCp.Server.Completions;
using AkkaCp.Server.Facts;
using Microsoft.AspNetCore.Http;

namespace AkkaCp.Server.Description;

/// <summary>All paths that clients are told of.</summary>
internal static class DescribedPaths
{
    private const string Health = "How the service is";

    /// <summary>The paths.</summary>
    public static IReadOnlyList<DescribedPath> All { get; } =
    [
        new(HttpMethods.Post, "/v1/chat/completions", "createChatCompletion", "Answers a chat", typeof(ChatCompletion))
        {
            Body = typeof(ChatCompletionBody),
            Chunk = typeof(ChatChunk),
        },
        new(HttpMethods.Post, "/v1/completions", "createCompletion", "Continues raw prompts", typeof(Completion))
        {
            Body = typeof(CompletionBody),
            Chunk = typeof(Completion),
        },
        new(HttpMethods.Get, "/v1/models", "listModels", "The model, in a list", typeof(ModelList)),
        new(HttpMethods.Get, "/v1/models/{id}", "retrieveModel", "The model", typeof(ModelEntry)),
        new(HttpMethods.Get, "/v1/cluster", "cluster", "The group of ranks, and the nodes that have them", typeof(ClusterPicture)),
        new(HttpMethods.Post, "/tokenize", "tokenize", "Token ids of a text", typeof(TokenizedText)) { Body = typeof(TokenizeBody) },
        new(HttpMethods.Post, "/detokenize", "detokenize", "The text of token ids", typeof(DetokenizedText))
        {
            Body = typeof(DetokenizeBody),
        },
        new(HttpMethods.Post, "/apply-template", "applyTemplate", "What a chat's prompt is for the model", typeof(AppliedTemplate))
        {
            Body = typeof(ChatCompletionBody),
        },
        new(HttpMethods.Get, "/health", "health", Health, typeof(ServiceHealth)) { IsProbe = true },
        new(HttpMethods.Get, "/v1/health", "healthOfV1", Health, typeof(ServiceHealth)) { IsProbe = true },
    ];
}
