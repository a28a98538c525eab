using AkkaCp.Engine;
using AkkaCp.Engine.Tests;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Chat;
using AkkaCp.Server.Completions;
using AkkaCp.Server.Http;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>
/// What a streamed token allocates on its way from the engine's chunk to the response's bytes, beyond what the engine's own reader takes.
/// Replies come one by one, and all that waits for one runs on the thread that gives it: nothing else is in the figure.
/// </summary>
public sealed class TokenAllocationTests(ITestOutputHelper output)
{
    private const int Tokens = 64;

    [Fact]
    public Task TokenOfAChat_AllocatesItsTextAndItsEvent() => RequireAsync(288, TestModel.Ask("hello"),
        (request, model) => new ChatSurface(request, model, TimeProvider.System));

    [Fact]
    public Task TokenOfACompletion_AllocatesItsTextAndItsEvent() => RequireAsync(224, new GenerationRequest { Prompt = "hello" },
        (request, model) => new CompletionSurface(request, model, TimeProvider.System));

    private async Task RequireAsync(long most, GenerationRequest request, Func<AnswerRequest, string, AnswerSurface> surface)
    {
        var alone = await BytesOfATokenAsync(async engine =>
        {
            await foreach (var _ in engine.GenerateAsync(request).ConfigureAwait(false))
            {
            }
        });
        var served = await BytesOfATokenAsync(engine =>
        {
            var service = new ApiService(() => engine, () => 1, new ServerSettings(), NullLogger<ApiService>.Instance, null);
            var asked = new AnswerRequest { Generations = [request], PromptField = "prompt", Stream = true };
            return Answering.RunAsync(new ApiCall(new DefaultHttpContext(), service, key: ""), asked, surface(asked, engine.ModelName));
        });
        output.WriteLine($"{alone} B a token in the engine, {served} B with the surface");
        Assert.InRange(served - alone, 0, most);
    }

    // On the pool: what a test's own context lets run later is on no thread that is known.
    private static Task<long> BytesOfATokenAsync(Func<InferenceEngine, Task> read) => Task.Run(async () =>
    {
        var backend = new SteppedBackend();
        await using var engine = new InferenceEngine(backend, TestModel.Demo);
        var reading = read(engine);
        var letter = TestModel.Demo.Tokenizer.Encode("a")[0];
        var position = 0;
        backend.Give(letter, position++);
        var bytes = Allocated.ByQuietest(() =>
        {
            for (var i = 0; i < Tokens; i++)
                backend.Give(letter, position++);
        });
        Assert.Equal(position, backend.Read);
        backend.End();
        await reading;
        return bytes / Tokens;
    });
}
