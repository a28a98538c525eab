using System.Text.Json.Nodes;
using AkkaCp.Faults.Tests.Hosts;

namespace AkkaCp.Faults.Tests.Deployment;

/// <summary>What the demo model is asked.</summary>
internal static class Question
{
    private const string Body =
        """
        {"messages":[{"role":"user","content":"Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?"}],
         "temperature":0}
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    /// <summary>The answer's text, asked by curl on a host.</summary>
    public static async Task<string> AskAsync(Host client, string address, string key)
    {
        var curl = client.Start(
            "curl", "curl", "-sS", "-m", "80", $"{address}/v1/chat/completions", "-H", "Content-Type: application/json", "-H",
            $"Authorization: Bearer {key}", "-d", Body);
        return await curl.WaitForExitAsync(s_limit) == 0 && JsonNode.Parse(curl.Output)?["choices"]?[0]?["message"] is { } message
            ? (string)message["content"]!
            : throw new InvalidOperationException($"expected an answer, found {curl.Tail()}");
    }
}
