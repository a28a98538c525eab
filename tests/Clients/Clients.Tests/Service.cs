using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>Where the service is that <c>tests/Clients/run.sh</c> started, and the official client in front of it.</summary>
internal static class Service
{
    public const string Model = "demo";

    /// <summary>What the demo model was taught, and says without sampling.</summary>
    public const string Question = "What is 3 + 4?";

    public const string Answer = "3 + 4 = 7\n#### 7";

    public const int PromptTokens = 17;

    public const int AnswerTokens = 12;

    /// <summary>The demo model.</summary>
    public static Uri Demo { get; } = Address("AKKACP_DEMO");

    /// <summary>The model that does as it is told.</summary>
    public static Uri Scripted { get; } = Address("AKKACP_SCRIPTED");

    /// <summary>The same, for those with the key alone.</summary>
    public static Uri Keyed { get; } = new(Scripted.OriginalString.Replace("/v1", "/keyed/v1", StringComparison.Ordinal));

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static OpenAIClient Client(Uri address, string key = "none", int retries = 3) => new(
        new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = address, RetryPolicy = new ClientRetryPolicy(retries) });

    public static ChatClient Chat(Uri address, string key = "none", int retries = 3) =>
        Client(address, key, retries).GetChatClient(Model);

    private static Uri Address(string variable) => Environment.GetEnvironmentVariable(variable) is { } address
        ? new Uri($"{address}/v1")
        : throw new InvalidOperationException($"{variable} must be set: tests/Clients/run.sh does it");
}
