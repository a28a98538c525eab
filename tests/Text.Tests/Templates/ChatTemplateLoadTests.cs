using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using Xunit;

namespace AkkaCp.Text.Tests.Templates;

public sealed class ChatTemplateLoadTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chat-template");

    private static ChatTemplateInput Hello { get; } = new() { Messages = [new JsonObject { ["role"] = "user", ["content"] = "Hi" }] };

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("demo")]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void ShippedModels_Render(string model)
    {
        var folder = model == "demo" ? RepositoryFiles.DemoModel : RepositoryFiles.TinyModel(model);
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", ChatTemplate.Load(folder).Render(Hello));
    }

    [Fact]
    public void JinjaFile_ComesBeforeTheConfig()
    {
        Write("chat_template.jinja", "file {{ eos_token }}");
        Write("tokenizer_config.json", """{"chat_template": "config", "eos_token": "<e>"}""");
        Assert.Equal("file <e>", Load().Render(Hello));
    }

    [Fact]
    public void NamedTemplates_GiveTheDefault()
    {
        Write("tokenizer_config.json", """
            {"chat_template": [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain {{ bos_token }}"}],
             "bos_token": {"content": "<b>", "lstrip": false}, "add_bos_token": true, "pad_token": null}
            """);
        Assert.Equal("plain <b>", Load().Render(Hello));
    }

    /// <summary>An empty list of tools counts as tools given, as in transformers.</summary>
    [Fact]
    public void NamedTemplates_GiveToolUseWhereToolsAreGiven()
    {
        Write("tokenizer_config.json", """
            {"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools {{ tools|length }}"},
             {"name": "rag", "template": "{{ malformed but never chosen"}]}
            """);
        var template = Load();
        Assert.Equal("plain", template.Render(Hello));
        Assert.Equal("tools 1", template.Render(Hello with { Tools = [new JsonObject()] }));
        Assert.Equal("tools 0", template.Render(Hello with { Tools = [] }));
    }

    [Fact]
    public void WithoutToolUse_TheDefaultTakesTools()
    {
        Write("tokenizer_config.json",
            """{"chat_template": [{"name": "default", "template": "{{ tools|length }}"}, {"name": "rag", "template": "x"}]}""");
        Assert.Equal("1", Load().Render(Hello with { Tools = [new JsonObject()] }));
    }

    [Fact]
    public void WithoutDefault_AConversationWithoutToolsIsRefusedWithTheNames()
    {
        Write("tokenizer_config.json",
            """{"chat_template": [{"name": "tool_use", "template": "tools"}, {"name": "rag", "template": "x"}]}""");
        var template = Load();
        Assert.Equal("tools", template.Render(Hello with { Tools = [new JsonObject()] }));
        var error = Assert.Throws<TemplateException>(() => template.Render(Hello));
        Assert.Contains("none is named default, there are rag, tool_use", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AdditionalFiles_AreNamedByTheirFile()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "additional_chat_templates"));
        Write("chat_template.jinja", "file");
        Write("additional_chat_templates/tool_use.jinja", "tool file");
        Write("tokenizer_config.json",
            """{"chat_template": [{"name": "default", "template": "config"}, {"name": "tool_use", "template": "config tools"}]}""");
        var template = Load();
        Assert.Equal("file", template.Render(Hello));
        Assert.Equal("tool file", template.Render(Hello with { Tools = [] }));
    }

    [Fact]
    public void SingleFile_HidesTheNamedTemplatesOfTheConfig()
    {
        Write("chat_template.jinja", "file");
        Write("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "config tools"}]}""");
        Assert.Equal("file", Load().Render(Hello with { Tools = [] }));
    }

    [Fact]
    public void ProcessorsFile_ComesLast()
    {
        Write("chat_template.json", """{"chat_template": "processor {{ bos_token }}"}""");
        Write("tokenizer_config.json", """{"chat_template": null, "bos_token": "<b>"}""");
        Assert.Equal("processor <b>", Load().Render(Hello));
        Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Assert.Equal("config", Load().Render(Hello));
    }

    [Fact]
    public void MissingSpecialToken_IsUndefined()
    {
        Write("tokenizer_config.json", """{"chat_template": "{{ bos_token is defined }}{{ pad_token is defined }}", "pad_token": null}""");
        Assert.Equal("FalseFalse", Load().Render(Hello));
    }

    [Theory]
    [InlineData(null, "chat_template")]
    [InlineData("{}", "chat_template")]
    [InlineData("""{"chat_template": 5}""", "chat_template")]
    [InlineData("""{"chat_template": [{"name": "tool_use", "template": "x"}, 7]}""", "chat_template[1]")]
    [InlineData("""{"chat_template": [{"name": "default"}]}""", "chat_template[0]")]
    [InlineData("""{"chat_template": [{"name": "rag", "template": "x"}]}""", "chat_template")]
    [InlineData("""{"chat_template": []}""", "chat_template")]
    [InlineData("[]", "top level")]
    [InlineData("{", "line 1, column 2")]
    public void NoUsableTemplate_IsRefused(string? config, string where)
    {
        if (config is not null)
            Write("tokenizer_config.json", config);
        var error = Assert.Throws<ModelFormatException>(() => Load());
        Assert.Equal(where, error.Where);
        Assert.StartsWith(_folder.FullName, error.File, StringComparison.Ordinal);
    }

    [Fact]
    public void MalformedFile_IsNamedInTheError()
    {
        Write("chat_template.jinja", "x\n{{");
        var error = Assert.Throws<TemplateException>(() => Load());
        Assert.Equal(Path.Combine(_folder.FullName, "chat_template.jinja"), error.Template);
        Assert.Equal(2, error.Line);
    }

    [Fact]
    public void StrftimeNow_AsksTheGivenClock()
    {
        var template = ChatTemplate.Parse(
            "{{ strftime_now('%d %b %Y|%A %-d %B %y|%H:%M:%S %I%p|%j %a %m %%|%Y-%m-%d') }}", time: new FixedTime());
        Assert.Equal("05 Mar 2024|Tuesday 5 March 24|14:07:09 02PM|065 Tue 03 %|2024-03-05", template.Render(Hello));
    }

    private ChatTemplate Load() => ChatTemplate.Load(_folder.FullName);

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.FullName, file), text);

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 3, 5, 14, 7, 9, TimeSpan.Zero);
    }
}
