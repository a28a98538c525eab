using AkkaCp.Model.Sampling;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using Xunit;

namespace AkkaCp.Model.Tests;

public sealed class GenerationDefaultsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("generation-defaults");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void TinyModel_GivesWhatItsFileSays()
    {
        var defaults = GenerationDefaults.Load(RepositoryFiles.TinyModel("f32"));

        Assert.Equal([511, 509], defaults.EosTokenIds);
        Assert.Equal(509, defaults.PadTokenId);
        Assert.Equal(509, defaults.BosTokenId);
        Assert.True(defaults.DoSample);
        Assert.Equal(new SamplingOptions { Temperature = 0.6f, TopK = 20, TopP = 0.95f }, defaults.Sampling);
    }

    [Fact]
    public void DoSampleFalse_IsGreedyWhateverTheTemperature()
    {
        var defaults = GenerationDefaults.Load(RepositoryFiles.DemoModel);

        Assert.False(defaults.DoSample);
        Assert.Equal(SamplingOptions.Greedy, defaults.Sampling);
    }

    [Fact]
    public void NoFile_GivesTheDefaults() =>
        Assert.Equal(SamplingOptions.Greedy, GenerationDefaults.Load(_folder.FullName).Sampling);

    [Fact]
    public void SingleEosTokenIdAndNulls_AreRead()
    {
        var defaults = LoadJson("""{"eos_token_id": 7, "pad_token_id": null, "max_new_tokens": 32, "transformers_version": "x"}""");

        Assert.Equal([7], defaults.EosTokenIds);
        Assert.Null(defaults.PadTokenId);
        Assert.Equal(32, defaults.MaxNewTokens);
    }

    [Theory]
    [InlineData("[]", "the file", "an object")]
    [InlineData("""{"eos_token_id": "7"}""", "eos_token_id", "\"7\"")]
    [InlineData("""{"eos_token_id": [1, 2.5]}""", "eos_token_id[1]", "2.5")]
    [InlineData("""{"eos_token_id": [1, null]}""", "eos_token_id[1]", "null")]
    [InlineData("""{"eos_token_id": 3000000000}""", "eos_token_id", "3000000000")]
    [InlineData("""{"do_sample": 1}""", "do_sample", "true or false")]
    [InlineData("""{"temperature": "hot"}""", "temperature", "a number")]
    [InlineData("""{"temperature": 1e308}""", "sampling keys", "temperature must be in [0, 100]")]
    [InlineData("""{"top_p": 0}""", "sampling keys", "top_p must be in (0, 1]")]
    [InlineData("""{"top_k": -2}""", "top_k", "at least -1")]
    [InlineData("""{"max_new_tokens": 0}""", "max_new_tokens", "at least 1")]
    [InlineData("""{"top_k": 1, "top_k": 2}""", "the file", "Duplicate")]
    [InlineData("""{"top_k": """, "line 1, column 11", "JSON")]
    public void BadFile_IsRefusedWithFileAndPlace(string json, string where, string part)
    {
        var error = Assert.Throws<ModelFormatException>(() => LoadJson(json));

        Assert.Equal(Path.Combine(_folder.FullName, GenerationDefaults.FileName), error.File);
        Assert.Equal(where, error.Where);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pad_token_id", "-1")]
    [InlineData("bos_token_id", "-1")]
    [InlineData("eos_token_id", "-1")]
    [InlineData("eos_token_id", "null")]
    [InlineData("eos_token_id", "[]")]
    [InlineData("top_k", "-1")]
    [InlineData("top_k", "0.0")]
    [InlineData("num_beams", "1")]
    [InlineData("typical_p", "1.0")]
    [InlineData("no_repeat_ngram_size", "0")]
    [InlineData("suppress_tokens", "[]")]
    [InlineData("min_length", "0")]
    [InlineData("guidance_scale", "1.0")]
    [InlineData("stop_strings", "null")]
    [InlineData("sequence_bias", "{}")]
    [InlineData("length_penalty", "1.0")]
    [InlineData("key_of_tomorrow", "[1]")]
    public void ValueThatMeansOff_ChangesNothing(string key, string value)
    {
        var given = LoadJson($$"""{"do_sample": true, "temperature": 0.5, "{{key}}": {{value}}}""");

        Assert.Equal(new SamplingOptions { Temperature = 0.5f }, given.Sampling);
        Assert.Empty(given.EosTokenIds);
    }

    [Fact]
    public void WholeNumbersWithAPoint_AreWhole()
    {
        var given = LoadJson("""{"do_sample": true, "top_k": 20.0, "max_new_tokens": 2048.0, "eos_token_id": [7.0, -1]}""");

        Assert.Equal((20, 2048), (given.Sampling.TopK, given.MaxNewTokens));
        Assert.Equal([7], given.EosTokenIds);
    }

    [Fact]
    public void UnknownKeys_AreNamed()
    {
        var given = LoadJson("""{"max_length": 4096, "transformers_version": "5.0", "typical_p": 0.5, "x": null, "y": 1}""");

        Assert.Equal(["max_length", "y"], given.UnknownKeys);
    }

    [Theory]
    [InlineData("num_beams", "4")]
    [InlineData("penalty_alpha", "0.6")]
    [InlineData("typical_p", "0.9")]
    [InlineData("epsilon_cutoff", "0.0003")]
    [InlineData("no_repeat_ngram_size", "3")]
    [InlineData("bad_words_ids", "[[5]]")]
    [InlineData("suppress_tokens", "[1, 2]")]
    [InlineData("begin_suppress_tokens", "[220]")]
    [InlineData("sequence_bias", "[[[5], -10.0]]")]
    [InlineData("guidance_scale", "1.5")]
    [InlineData("forced_eos_token_id", "7")]
    [InlineData("min_new_tokens", "5")]
    [InlineData("min_length", "5")]
    [InlineData("stop_strings", "[\"x\"]")]
    [InlineData("watermarking_config", "{\"seeding_scheme\": \"lefthash\"}")]
    public void KeyThatIsNotHonoured_IsRefusedByName(string key, string value)
    {
        var error = Assert.Throws<ModelFormatException>(() => LoadJson($$"""{"do_sample": true, "{{key}}": {{value}}}"""));

        Assert.Equal(key, error.Where);
    }

    private GenerationDefaults LoadJson(string json)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, GenerationDefaults.FileName), json);
        return GenerationDefaults.Load(_folder.FullName);
    }
}
