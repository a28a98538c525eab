using System.Net;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

public sealed class FilesOfAStartTests : IDisposable
{
    private static readonly string[] s_small =
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];

    private readonly ModelCopy _model = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SmallFiles_AreReadOnceInAStart(bool isClient)
    {
        var options = new EngineOptions
        {
            ModelPath = _model.Path,
            Threads = 1,
            Overrides = isClient
                ? new Dictionary<string, string> { ["akka-cp.cluster.seeds"] = $"127.0.0.1:{FreePorts.Take(IPAddress.Loopback)}" }
                : new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "1024" },
        };

        await using var engine = await InferenceEngine.StartAsync(options, MadeUnreadable(), TestContext.Current.CancellationToken);

        Assert.NotEmpty(engine.Encode(new GenerationRequest { Prompt = "one" }).Tokens);
    }

    [Fact]
    public void FolderThatWasRead_GivesTokenizerAndTemplateTheSameConfig()
    {
        ModelFolder folder = _model.Path;
        var eos = Tokenizer.Load(folder).EosToken;
        MakeUnreadable("tokenizer_config.json");

        Assert.NotNull(ChatTemplate.Load(folder));
        Assert.Equal(eos, Tokenizer.Load(folder).EosToken);
        folder.Forget();
        Assert.Throws<ModelFormatException>(() => ChatTemplate.Load(folder));
    }

    public void Dispose() => _model.Dispose();

    /// <summary>No request. The engine asks for them when it has read tokenizer and template, and before everything else.</summary>
    private IEnumerable<GenerationRequest> MadeUnreadable()
    {
        foreach (var name in s_small)
            MakeUnreadable(name);
        yield break;
    }

    private void MakeUnreadable(string name)
    {
        File.Delete(_model.FileOf(name));
        Directory.CreateDirectory(_model.FileOf(name));
    }
}
