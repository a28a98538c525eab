using AkkaCp.Engine.Generation;
using AkkaCp.Engine.Prompting;
using AkkaCp.Model.Configuration;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;

namespace AkkaCp.Engine.Tests;

/// <summary>The demo model's files without its weights.</summary>
internal static class TestModel
{
    public const int End = 511;

    public static ModelAssets Demo { get; } = ModelAssets.Load(RepositoryFiles.DemoModel,
        ModelConfig.Load(RepositoryFiles.DemoModel));

    /// <summary>The demo model with another template.</summary>
    public static ModelAssets With(string template) =>
        Demo with { Prompts = new PromptEncoder(Demo.Tokenizer, ChatTemplate.Parse(template)) };

    public static InferenceEngine Engine(FakeBackend backend, ModelAssets? model = null) =>
        new(backend, model ?? Demo);

    /// <summary>An engine that answers with a text, and ends it.</summary>
    public static (InferenceEngine Engine, FakeBackend Backend) Saying(string text, ModelAssets? model = null)
    {
        var backend = new FakeBackend([.. Demo.Tokenizer.Encode(text, allowSpecial: false), End]);
        return (Engine(backend, model), backend);
    }

    public static GenerationRequest Ask(string text) => new() { Messages = [new PromptMessage("user", text)] };

    public static async Task<List<GenerationChunk>> ToListAsync(IAsyncEnumerable<GenerationChunk> chunks)
    {
        var list = new List<GenerationChunk>();
        await foreach (var chunk in chunks)
            list.Add(chunk);
        return list;
    }

    public static string Text(IEnumerable<GenerationChunk> chunks) => string.Concat(chunks.Select(chunk => chunk.Text));
}
