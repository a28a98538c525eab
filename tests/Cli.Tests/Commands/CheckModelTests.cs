using System.Text.Json.Nodes;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Cli.Tests.Commands;

/// <summary>What a command says of a model directory that somebody wrote.</summary>
public sealed class CheckModelTests : IDisposable
{
    private const string Question = "Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?";
    private const string Answer = "61 + 33 = 94\n#### 94";

    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task Check_PrintsWhatEndsAnAnswer_AndWhy()
    {
        var run = await CommandRun.OfAsync("check", "--model", _model.Path);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(
            "ends     511 \"<|im_end|>\": eos_token_id of generation_config.json; closes turns in the chat template\n"
            + "ends     509 \"<|endoftext|>\": eos_token_id of generation_config.json\n",
            run.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("note ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_SaysWhatIsPassedOver()
    {
        _model.Change("config.json", json =>
        {
            json.Remove("num_key_value_heads");
            json["num_key_value_heads"] = 2;
            json.Remove("num_experts_per_tok");
            json["key_of_tomorrow"] = 1;
        });
        _model.Change("generation_config.json", json => json["max_length"] = 4096);
        _model.Change("tokenizer_config.json", json => json["clean_up_tokenization_spaces"] = true);

        var run = await CommandRun.OfAsync("check", "--model", _model.Path);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("note     config.json: keys that are missing stand as in transformers: num_experts_per_tok 8", run.Out,
            StringComparison.Ordinal);
        Assert.Contains(
            "note     config.json: keys that are not known here are passed over: key_of_tomorrow", run.Out, StringComparison.Ordinal);
        Assert.Contains(
            "note     generation_config.json: keys that are not known here are passed over: max_length", run.Out, StringComparison.Ordinal);
        Assert.Contains("note     tokenizer_config.json: clean_up_tokenization_spaces", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NamesTensorsThatAreNotTheConfigs()
    {
        _model.Change("config.json", json => json["attention_bias"] = true);

        var run = await CommandRun.OfAsync("check", "--model", _model.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("q_proj.bias: expected a tensor of shape [256]", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("run")]
    public async Task DamagedTokenizerConfig_IsOneLineWithItsFile(string command)
    {
        await File.WriteAllBytesAsync(
            _model.FileOf("tokenizer_config.json"), [.. "{\"eos_token\": \""u8, 0xFF, .. "\"}"u8], TestContext.Current.CancellationToken);

        string[] arguments = [command, "--model", _model.Path];
        var run = await CommandRun.OfAsync(command == "run" ? [.. arguments, Question] : arguments);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(
            $"{_model.FileOf("tokenizer_config.json")}: line 1, column 16: expected text in UTF-8, found the byte 0xFF",
            Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddedTokenThatTheModelHasNoRowFor_IsSaid_AndRefusedInAPrompt()
    {
        _model.Merge("tokenizer.json", JsonNode.Parse("""
            {"added_tokens+": [{"id": 517, "content": "<extra>", "special": true}]}
            """)!.AsObject());

        var check = await CommandRun.OfAsync("check", "--model", _model.Path);
        Assert.Equal(0, check.ExitCode);
        Assert.Contains(
            "added tokens beyond the model's vocab_size 512, which no prompt can have: <extra>", check.Out, StringComparison.Ordinal);

        var run = await CommandRun.OfAsync("run", "--model", _model.Path, Question);
        Assert.Equal(Answer + Environment.NewLine, run.Out);

        var refused = await CommandRun.OfAsync("run", "--model", _model.Path, "--raw", "a<extra>b");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("found \"<extra>\", 517", refused.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"do_sample\": false}")]
    [InlineData(null)]
    public async Task EndTokenOfTheConfigAlone_EndsAnAnswer(string? generation)
    {
        foreach (var file in (string[])["tokenizer.json", "tokenizer_config.json"])
            _model.Replace(file, "<|im_end|>", "<|eot|>");
        // A template that closes its turns with a text, so that nothing but config.json names the token.
        _model.Replace("chat_template.jinja", "<|im_end|>", "<|im_ended|>");
        _model.Change("tokenizer_config.json", json => json["eos_token"] = null);
        if (generation is null)
            _model.Delete("generation_config.json");
        else
            _model.Write("generation_config.json", generation);

        // The prompt as the model knows it: the template's is another one now.
        var prompt = $"<|im_start|>user\n{Question}<|eot|>\n<|im_start|>assistant\n";
        var run = await CommandRun.OfAsync("run", "--model", _model.Path, prompt, "--raw", "--max-tokens", "64");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(Answer + Environment.NewLine, run.Out);
    }
}
