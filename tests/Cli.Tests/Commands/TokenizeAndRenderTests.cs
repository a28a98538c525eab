using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

public class TokenizeAndRenderTests
{
    [Fact]
    public async Task Tokenize_GivesIdsAndPieces_AndDecodeTheTextAgain()
    {
        var run = await CommandRun.OfAsync("tokenize", "61 + 33 = é<|im_end|>");
        var ids = Ids(run);

        var back = await CommandRun.OfAsync("tokenize", "--decode", string.Join(',', ids));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(511, ids[^1]);
        Assert.Equal("61 + 33 = é<|im_end|>", (string?)JsonNode.Parse(back.Out)!["text"]);
        Assert.Equal("<|im_end|>", (string?)JsonNode.Parse(run.Out)!["pieces"]!.AsArray()[^1]);
    }

    [Fact]
    public async Task NoSpecial_KeepsControlTokensText()
    {
        Assert.DoesNotContain(511, Ids(await CommandRun.OfAsync("tokenize", "--no-special", "<|im_end|>")));
    }

    [Fact]
    public async Task File_IsReadAsItIs()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("text.txt", "two\nlines\n");

        Assert.Equal(
            Ids(await CommandRun.OfAsync("tokenize", "two\nlines\n")), Ids(await CommandRun.OfAsync("tokenize", "--file", file)));
    }

    [Theory]
    [InlineData("tokenize")]
    [InlineData("tokenize a --decode 1")]
    [InlineData("tokenize --decode 512")]
    [InlineData("tokenize --decode -1")]
    [InlineData("tokenize --file /nowhere/at.all")]
    [InlineData("tokenize a --model /nowhere")]
    [InlineData("render")]
    [InlineData("render --messages /nowhere/at.all")]
    public async Task WrongUsage_IsOneLineAndExitCode2(string line)
    {
        var run = await CommandRun.OfAsync(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }

    [Fact]
    public async Task TextThatStartsWithAt_IsText()
    {
        var run = await CommandRun.OfAsync("tokenize", "@61 + 33");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("@61 + 33", string.Concat(JsonNode.Parse(run.Out)!["pieces"]!.AsArray().Select(piece => (string?)piece)));
    }

    [Theory]
    [InlineData("tokenize", "--file", "")]
    [InlineData("tokenize", "a", "--model", "")]
    [InlineData("render", "--messages", "")]
    [InlineData("run", "--prompt-file", "")]
    [InlineData("run", "a", "--config", "")]
    [InlineData("eval", "")]
    [InlineData("logits", "--tokens", "1", "--output", "")]
    [InlineData("logits", "--output", "x", "--tokens-file", "")]
    [InlineData("synth", "--preset", "tiny", "--output", "")]
    public async Task EmptyPath_IsWrongUsage(params string[] line)
    {
        var run = await CommandRun.OfAsync(line);

        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith("expected a path, found an empty text", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""a\ud800b""", "a\uFFFDb")]
    [InlineData("""\udc00\ud83d\ude00\ud83d""", "\uFFFD\U0001F600\uFFFD")]
    [InlineData("""\\ud800\n""", "\\ud800\n")]
    public async Task Render_GivesHalfASurrogatePairAsTheReplacementCharacter(string escaped, string expected)
    {
        using var folder = new TemporaryFolder();
        var json = $$"""{"messages": [{"role": "user", "content": "{{escaped}}"}]}""";

        var run = await CommandRun.OfAsync("render", "--messages", folder.Write("messages.json", json));

        Assert.Equal($"<|im_start|>user\n{expected}<|im_end|>\n<|im_start|>assistant\n", run.Out);
    }

    [Fact]
    public async Task Render_GivesTheTemplatesText()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("messages.json", """{"messages": [{"role": "user", "content": "hi"}]}""");
        var without = folder.Write("without.json", """{"messages": [{"role": "user", "content": "hi"}], "add_generation_prompt": false}""");

        var run = await CommandRun.OfAsync("render", "--messages", file, "--model", RepositoryFiles.DemoModel);

        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", run.Out);
        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n", (await CommandRun.OfAsync("render", "--messages", without)).Out);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"messages": 3}""")]
    [InlineData("""{"messages": [], "add_generation_prompt": "yes"}""")]
    [InlineData("""{"messages": [""")]
    [InlineData("""{"messages": [], "messages": []}""")]
    [InlineData("""{"messages": [{"role": "user", "role": "user"}]}""")]
    [InlineData("""{"messages": [], "tools": 3}""")]
    [InlineData("""{"messages": [], "chat_template_kwargs": 3}""")]
    [InlineData("""{"messages": [], "chat_template_kwargs": {"messages": []}}""")]
    [InlineData("""{"messages": [], "chat_template_kwargs": {"add_generation_prompt": true}}""")]
    [InlineData("""{"messages": [], "chat_template_kwargs": {"enable_thinking": true}, "enable_thinking": true}""")]
    [InlineData("""{"messages": [], "chat_template_kwarg": {}}""")]
    [InlineData("""{"messages": [], "model": "x"}""")]
    public async Task Render_OfSomethingElse_IsWrongUsage(string json)
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.OfAsync("render", "--messages", folder.Write("messages.json", json));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--messages", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Render_GivesKwargsAndEveryKeyOfAMessageToTheTemplate()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(RepositoryFiles.DemoModel))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        folder.Write(
            "chat_template.jinja", "{{ messages[0].custom }},{{ messages[0] | length }},{{ enable_thinking }},{{ reasoning_effort }}");
        var messages = folder.Write("messages.json", """
            {"messages": [{"role": "user", "content": "", "custom": [1]}],
             "chat_template_kwargs": {"enable_thinking": false, "reasoning_effort": "low"}}
            """);

        var run = await CommandRun.OfAsync("render", "--messages", messages, "--model", folder.Path);

        Assert.Equal("[1],3,False,low", run.Out);
    }

    [Fact]
    public async Task Render_SaysThatTheTemplateDropsTools()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("messages.json", """{"messages": [{"role": "user", "content": "hi"}], "tools": [{"name": "f"}]}""");

        var run = await CommandRun.OfAsync("render", "--messages", file);

        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", run.Out);
        Assert.Contains("no place for tools", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Render_NamesTheKeyThatMeansNothing()
    {
        using var folder = new TemporaryFolder();

        var run = await CommandRun.OfAsync("render", "--messages", folder.Write("messages.json", """{"messages": [], "functions": []}"""));

        Assert.Contains("\"functions\"", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    private static int[] Ids(CommandRun run) => [.. JsonNode.Parse(run.Out)!["ids"]!.AsArray().Select(id => (int)id!)];
}
