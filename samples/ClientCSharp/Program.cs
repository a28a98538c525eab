using System.ClientModel;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

// The official .NET client, and Microsoft.Extensions.AI above it, against akkacp serve or an application with MapAkkaCp:
//   dotnet run --project samples/ClientCSharp -- http://127.0.0.1:8080/v1 [KEY]
var address = new Uri(args.FirstOrDefault() ?? "http://127.0.0.1:8080/v1");
var key = new ApiKeyCredential(args.ElementAtOrDefault(1) ?? "none");
var client = new ChatClient("demo", key, new OpenAIClientOptions { Endpoint = address, NetworkTimeout = TimeSpan.FromMinutes(30) });
const string Question = "Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?";

// 1. Streamed, as it is written. A prompt of many thousand tokens takes minutes: the service keeps the stream alive meanwhile.
var options = new ChatCompletionOptions { Temperature = 0 };
OpenAI.Chat.ChatFinishReason? end = null;
await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage(Question)], options))
{
    foreach (var part in update.ContentUpdate)
        Console.Write(part.Text);
    end = update.FinishReason ?? end;
}

// This client shows no error that comes in a stream: an answer without a finish reason failed.
Console.WriteLine(end is null ? "\n(failed)" : $"\n({end})");

// 2. The same through IChatClient, which the engine in one's own process has, too: programs need not know which.
using var chat = client.AsIChatClient();
var answer = await chat.GetResponseAsync(Question, new ChatOptions { Temperature = 0 });
Console.WriteLine($"{answer.Text}\n({answer.Usage!.InputTokenCount} + {answer.Usage.OutputTokenCount} tokens)");
