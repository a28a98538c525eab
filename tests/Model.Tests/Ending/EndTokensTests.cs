using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Ending;

/// <summary>Which tokens end an answer, and which file or template says so.</summary>
public sealed class EndTokensTests : IDisposable
{
    private const string GenerationFile = "eos_token_id of generation_config.json";
    private const string ConfigFile = "eos_token_id of config.json";
    private const string TokenizerFile = "eos_token of tokenizer_config.json";
    private const string Template = "closes turns in the chat template";

    private const string Plain = "{% for m in messages %}### {{ m.role }}: {{ m.content }}\n{% endfor %}";

    private static readonly Dictionary<string, int> s_tokens = new()
    {
        ["<|eot|>"] = 512,
        ["<|user|>"] = 513,
        ["<|assistant|>"] = 514,
        ["</s>"] = 515,
        ["</answer>"] = 516,
    };

    // Of sources and templates, one varies at a time: the demo model with these tokens, a template that closes nothing and no file's word.
    private readonly ModelCopy _model = new ModelCopy()
        .Change("config.json", json =>
        {
            json["vocab_size"] = 600;
            json["eos_token_id"] = null;
        })
        .Change("tokenizer.json", json =>
        {
            foreach (var (content, id) in s_tokens)
            {
                json["added_tokens"]!.AsArray()
                    .Add(new JsonObject { ["id"] = id, ["content"] = content, ["special"] = content != "</answer>" });
            }
        })
        .Change("tokenizer_config.json", json => json["eos_token"] = null)
        .Write("generation_config.json", "{}")
        .Write("chat_template.jinja", Plain);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void DemoModel_EndsWithTheTokensOfItsGenerationConfig_OneOfWhichClosesTurns()
    {
        var ends = Find(RepositoryFiles.DemoModel);

        Assert.Empty(ends.Notes);
        Assert.Equal([(511, "<|im_end|>"), (509, "<|endoftext|>")], ends.Tokens.Select(token => (token.Id, token.Text)));
        Assert.Equal([GenerationFile, Template], ends.Tokens[0].Sources);
        Assert.Equal([GenerationFile], ends.Tokens[1].Sources);
    }

    [Fact]
    public void FirstFileThatNamesAToken_Counts()
    {
        _model.Change("tokenizer_config.json", json => json["eos_token"] = "<|eot|>");
        AssertEnds((512, TokenizerFile));

        _model.Change("config.json", json => json["eos_token_id"] = 511);
        AssertEnds((511, ConfigFile));

        _model.Write("generation_config.json", """{"eos_token_id": [509, 513, 509]}""");
        AssertEnds((509, GenerationFile), (513, GenerationFile));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"eos_token_id": null}""")]
    [InlineData("""{"eos_token_id": []}""")]
    [InlineData("""{"eos_token_id": -1}""")]
    [InlineData(null)]
    public void GenerationConfigWithoutAToken_LeavesItToTheConfig(string? generation)
    {
        _model.Change("config.json", json => json["eos_token_id"] = new JsonArray(512, 511));
        if (generation is null)
            _model.Delete("generation_config.json");
        else
            _model.Write("generation_config.json", generation);

        AssertEnds((512, ConfigFile), (511, ConfigFile));
    }

    [Fact]
    public void EndTokenAsAnObject_IsRead()
    {
        _model.Change(
            "tokenizer_config.json", json => json["eos_token"] = new JsonObject { ["content"] = "<|im_end|>", ["lstrip"] = false });
        AssertEnds((511, TokenizerFile));
    }

    [Fact]
    public void NamesOfNoTokens_AreSaid_AndTheNextSourceCounts()
    {
        _model.Write("generation_config.json", """{"eos_token_id": 600}""");
        _model.Change("config.json", json => json["eos_token_id"] = 100_000);
        _model.Change("tokenizer_config.json", json => json["eos_token"] = "<|nobody|>");
        var ends = Find();

        Assert.Equal([511, 509], ends.Tokens.Select(token => token.Id));
        Assert.Equal(3, ends.Notes.Count);
        Assert.StartsWith(GenerationFile + ": 600 is no token", ends.Notes[0], StringComparison.Ordinal);
        Assert.StartsWith(ConfigFile + ": 100000 is no token", ends.Notes[1], StringComparison.Ordinal);
        Assert.StartsWith(TokenizerFile + ": \"<|nobody|>\" is no token", ends.Notes[2], StringComparison.Ordinal);
    }

    [Fact]
    public void IdOfTheModelThatTheTokenizerLacks_EndsAnswersWithoutAText()
    {
        _model.Write("generation_config.json", """{"eos_token_id": 599}""");
        Assert.Equal((599, ""), Assert.Single(Find().Tokens) is var end ? (end.Id, end.Text) : default);
    }

    [Fact]
    public void NothingNamed_TakesTheUsualTokens_AndSaysSo()
    {
        var ends = Find();

        Assert.Equal([511, 509], ends.Tokens.Select(token => token.Id));
        Assert.All(ends.Tokens, token => Assert.Contains("by its name", Assert.Single(token.Sources), StringComparison.Ordinal));
    }

    [Fact]
    public void NothingNamedAndNoUsualToken_IsSaid()
    {
        foreach (var file in (string[])["tokenizer.json", "tokenizer_config.json"])
            _model.Replace(file, "<|im_end|>", "<|a|>").Replace(file, "<|endoftext|>", "<|b|>");
        var ends = Find();

        Assert.Empty(ends.Tokens);
        Assert.StartsWith("no token ends an answer: ", Assert.Single(ends.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}", 511)]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n\n{{ m.content | trim }}<|eot|>{% endfor %}", 512)]
    [InlineData("{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}\n{% endfor %}", 513)]
    [InlineData("{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{{ eos_token }}\n{% endfor %}", 515)]
    [InlineData("{% for m in messages %}{% if m.role == 'user' %}[Q] {{ m.content }} [/Q]{% else %}{{ m.content }} [/A] </s>{% endif %}{% endfor %}", 515)]
    [InlineData("{% for m in messages %}{{ m.role }}: {{ m.content }}</answer>\n{% endfor %}", 516)]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.content[0].text }}<|eot|>{% endfor %}", 512)]
    [InlineData("""
        {% if messages[0].role != 'system' %}{{ raise_exception('no system') }}{% endif %}
        {% for m in messages %}{{ m.content }}<|eot|>{% endfor %}
        """, 512)]
    [InlineData("{% for m in messages %}{{ m.content }}{% if not loop.last %}<|eot|>{% endif %}{% endfor %}", 512)]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.content | upper }}<|im_end|>{% endfor %}", null)]
    [InlineData("{% for m in messages %}{{ m.content }}\n{% endfor %}", null)]
    [InlineData("{{ raise_exception('never') }}", null)]
    [InlineData("no messages at all", null)]
    [InlineData("", null)]
    public void TokenBehindAnAnswer_EndsAnswersToo(string template, int? expected)
    {
        _model.Write("generation_config.json", """{"eos_token_id": 509}""").Write("chat_template.jinja", template)
            .Change("tokenizer_config.json", json => json["eos_token"] = "</s>");

        if (expected is { } id)
            AssertEnds((509, GenerationFile), (id, Template));
        else
            AssertEnds((509, GenerationFile));
    }

    [Fact]
    public void LastAndAnsweredTurnsThatCloseDifferently_EndAnswersBoth()
    {
        _model.Write(
            "chat_template.jinja", "{% for m in messages %}{{ m.content }}{% if loop.last %}</s>{% else %}<|eot|>{% endif %}{% endfor %}");
        AssertEnds((515, Template), (512, Template));
    }

    [Fact]
    public void ClosingTokenThatTheModelHasNoRowFor_IsSaid()
    {
        _model.Write("chat_template.jinja", "{% for m in messages %}{{ m.content }}<|eot|>{% endfor %}")
            .Change("config.json", json => json["vocab_size"] = 512);
        var ends = Find();

        Assert.DoesNotContain(ends.Tokens, token => token.Id == 512);
        Assert.Equal($"{Template}: 512 is no token, the model has 512", Assert.Single(ends.Notes));
    }

    [Fact]
    public void WithoutATemplate_TheFilesCount()
    {
        _model.Delete("chat_template.jinja").Write("generation_config.json", """{"eos_token_id": 509}""")
            .Change("tokenizer_config.json", json => json.Remove("chat_template"));
        AssertEnds((509, GenerationFile));
    }

    private void AssertEnds(params (int Id, string Source)[] expected) =>
        Assert.Equal(expected, Find().Tokens.Select(token => (token.Id, Assert.Single(token.Sources))));

    private EndTokens Find() => Find(_model.Path);

    private static EndTokens Find(string directory)
    {
        var hasTemplate = File.Exists(Path.Combine(directory, "chat_template.jinja"));
        return EndTokens.Find(
            ModelConfig.Load(directory), GenerationDefaults.Load(directory), Tokenizer.Load(directory),
            hasTemplate ? ChatTemplate.Load(directory) : null);
    }
}
