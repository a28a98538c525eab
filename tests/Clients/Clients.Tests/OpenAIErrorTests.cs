using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Text.Json;
using OpenAI.Chat;
using OpenAI.Models;
using Xunit;

namespace AkkaCp.Clients.Tests;

/// <summary>What the official client makes of refusals, failures, keys, models and of leaving.</summary>
public class OpenAIErrorTests
{
    private static readonly ChatMessage[] s_ask = [new UserChatMessage(Service.Question)];

    [Fact]
    public async Task Model_ThatIsNotHere_Is404WithItsCode()
    {
        var chat = Service.Client(Service.Demo).GetChatClient("gpt-9");
        var (status, error) = await FailAsync(() => chat.CompleteChatAsync(s_ask, cancellationToken: Service.Cancelled));

        Assert.Equal((404, "model_not_found", "model"), (status, Field(error, "code"), Field(error, "param")));
    }

    [Fact]
    public async Task LongPrompt_Is400WithItsCode_WholeAndStreamed()
    {
        ChatMessage[] tooLong = [new UserChatMessage(string.Concat(Enumerable.Repeat("word ", 20_000)))];
        var chat = Service.Chat(Service.Demo);
        var (whole, error) = await FailAsync(() => chat.CompleteChatAsync(tooLong, cancellationToken: Service.Cancelled));
        var stream = chat.CompleteChatStreamingAsync(tooLong, cancellationToken: Service.Cancelled);
        var (streamed, _) = await FailAsync(async () => await stream.ToListAsync(Service.Cancelled));

        Assert.Equal((400, 400), (whole, streamed));
        Assert.Equal(("context_length_exceeded", "messages"), (Field(error, "code"), Field(error, "param")));
    }

    [Fact]
    public async Task WrongValues_Are400_AndNameTheField()
    {
        var chat = Service.Chat(Service.Demo);
        foreach (var (options, param) in new (ChatCompletionOptions, string)[]
        {
            (new() { Temperature = -1 }, "temperature"),
            (new() { TopP = 1.5f }, "top_p"),
            (new() { FrequencyPenalty = 3 }, "frequency_penalty"),
            (new() { MaxOutputTokenCount = 0 }, "max_completion_tokens"),
            (new() { IncludeLogProbabilities = true, TopLogProbabilityCount = 21 }, "top_logprobs"),
            (new() { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() }, "response_format"),
        })
        {
            var (status, error) = await FailAsync(() => chat.CompleteChatAsync(s_ask, options, Service.Cancelled));
            Assert.Equal((400, param, "invalid_request_error"), (status, Field(error, "param"), Field(error, "type")));
        }
    }

    [Fact]
    public async Task Keys_AreAskedFor()
    {
        var (status, error) = await FailAsync(
            () => Service.Chat(Service.Keyed, "sk-wrong").CompleteChatAsync(s_ask, cancellationToken: Service.Cancelled));
        ChatCompletion answer = await Service.Chat(Service.Keyed, "sk-right")
            .CompleteChatAsync(s_ask, cancellationToken: Service.Cancelled);

        Assert.Equal((401, "invalid_api_key"), (status, Field(error, "code")));
        Assert.Equal(Service.Question, answer.Content[0].Text);
    }

    [Fact]
    public async Task BusyService_IsAskedAgain_WhenItSaid()
    {
        var clock = Stopwatch.StartNew();
        ChatCompletion answer = await Service.Chat(Service.Scripted)
            .CompleteChatAsync([new UserChatMessage($"busy {Guid.NewGuid()}")], cancellationToken: Service.Cancelled);

        Assert.StartsWith("busy ", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task BusyService_WithoutRetries_Is503WithRetryAfter()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Service.Chat(Service.Scripted, retries: 0)
            .CompleteChatAsync([new UserChatMessage($"busy {Guid.NewGuid()}")], cancellationToken: Service.Cancelled));

        Assert.Equal(503, error.Status);
        Assert.True(error.GetRawResponse()!.Headers.TryGetValue("Retry-After", out var wait));
        Assert.Equal("2", wait);
    }

    /// <summary>The client shows no error event: what tells a failed stream is that no update says why it ended.</summary>
    [Fact]
    public async Task Failure_InAStream_IsNoEnd()
    {
        var updates = await Service.Chat(Service.Scripted)
            .CompleteChatStreamingAsync([new UserChatMessage("fail in the middle")], cancellationToken: Service.Cancelled)
            .ToListAsync(Service.Cancelled);
        var (status, error) = await FailAsync(() => Service.Chat(Service.Scripted, retries: 0).CompleteChatAsync(
            [new UserChatMessage("fail in the middle")], cancellationToken: Service.Cancelled));

        Assert.Equal("in the middle", string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text)));
        Assert.All(updates, update => Assert.Null(update.FinishReason));
        Assert.Equal((500, "generation_failed"), (status, Field(error, "code")));
    }

    [Fact]
    public async Task Models_AreListedAndFound()
    {
        var models = Service.Client(Service.Demo).GetOpenAIModelClient();
        OpenAIModelCollection all = await models.GetModelsAsync(Service.Cancelled);
        OpenAIModel one = await models.GetModelAsync(Service.Model, Service.Cancelled);
        var (status, error) = await FailAsync(() => models.GetModelAsync("gpt-9", Service.Cancelled));

        Assert.Equal(Service.Model, Assert.Single(all).Id);
        Assert.Equal((Service.Model, "akka-cp"), (one.Id, one.OwnedBy));
        Assert.InRange(one.CreatedAt, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal((404, "model_not_found"), (status, Field(error, "code")));
    }

    [Fact]
    public async Task WhatIsNotHere_Is404()
    {
        var client = Service.Client(Service.Demo);
        var (embeddings, error) = await FailAsync(
            () => client.GetEmbeddingClient(Service.Model).GenerateEmbeddingAsync("x", cancellationToken: Service.Cancelled));
        var (images, _) = await FailAsync(
            () => client.GetImageClient(Service.Model).GenerateImageAsync("x", cancellationToken: Service.Cancelled));

        Assert.Equal((404, 404, "not_found"), (embeddings, images, Field(error, "code")));
    }

    [Fact]
    public async Task Leaving_EndsTheRequest_StreamedAndWhole()
    {
        var chat = Service.Chat(Service.Demo);
        using var body = BinaryContent.Create(BinaryData.FromString(
            $$"""{"messages":[{"role":"user","content":"{{Service.Question}}"}],"ignore_eos":true,"max_tokens":4000}"""));
        using var leave = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => chat.CompleteChatAsync(body, new RequestOptions { CancellationToken = leave.Token }));

        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var options = new ChatCompletionOptions { Temperature = 2, Seed = 5 };
            await foreach (var update in chat.CompleteChatStreamingAsync(s_ask, options, stop.Token))
                await stop.CancelAsync();
        });
        await UntilNobodyRunsAsync();
    }

    private static async Task UntilNobodyRunsAsync()
    {
        using var http = new HttpClient();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            // A gateway that hears nothing of its cluster in time says 503, and does not know what runs.
            using var answer = await http.GetAsync(new Uri(Service.Demo, "/health"), Service.Cancelled);
            using var health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Service.Cancelled));
            if (health.RootElement.TryGetProperty("requests_running", out var running) && running is { ValueKind: JsonValueKind.Number }
                && running.GetInt32() == 0)
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), health.RootElement.ToString());
            await Task.Delay(20, Service.Cancelled);
        }
    }

    private static async Task<(int Status, JsonElement Error)> FailAsync(Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<ClientResultException>(call);
        using var body = JsonDocument.Parse(failure.GetRawResponse()!.Content);
        var error = body.RootElement.GetProperty("error").Clone();
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        return (failure.Status, error);
    }

    private static string? Field(JsonElement error, string name) => error.GetProperty(name).GetString();
}
