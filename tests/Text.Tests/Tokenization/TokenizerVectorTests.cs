using System.Text;
using System.Text.Json;
using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>Ids that other tokenizers gave: the demo model's trainer, llama.cpp, HF tokenizers.</summary>
public class TokenizerVectorTests
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    [Fact]
    public void DemoCases_GiveTheRecordedPiecesAndIds()
    {
        var tokenizer = Tokenizer.Load(RepositoryFiles.DemoModel);
        var cases = Read<DemoCase>(Path.Combine(RepositoryFiles.DemoModel, "tokenizer-cases.json"));
        Assert.Equal(34, cases.Length);
        Assert.All(cases, c =>
        {
            Assert.Equal(c.Ids, tokenizer.Encode(c.Text));
            Assert.Equal(c.Pieces, tokenizer.PreTokenize(c.Text));
            Assert.Equal(c.Normalized, tokenizer.Decode(c.Ids));
        });
    }

    // llama.cpp applies no NFC, so its ids are compared with the same file less the normaliser.
    [Fact]
    public void LlamaCppCases_WithoutNormalizer_GiveItsIds()
    {
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.TinyModel("f32"), json => json["normalizer"] = null);
        var cases = ReadLlamaCpp();
        Assert.Equal(24, cases.Length);
        Assert.All(cases, c =>
        {
            Assert.Equal(c.Ids, tokenizer.Encode(c.Text, allowSpecial: false));
            Assert.Equal(c.IdsSpecial, tokenizer.Encode(c.Text, allowSpecial: true));
        });
    }

    [Fact]
    public void LlamaCppCases_WithNormalizer_DifferOnlyWhereTheTextIsNotNormalized()
    {
        var tokenizer = Tokenizer.Load(RepositoryFiles.TinyModel("f32"));
        var differing = ReadLlamaCpp().Where(c => !tokenizer.Encode(c.Text).AsSpan().SequenceEqual(c.IdsSpecial)).ToArray();
        var only = Assert.Single(differing);
        Assert.Contains("e\u0301", only.Text, StringComparison.Ordinal);
        Assert.Equal(only.Text.Replace("e\u0301", "é", StringComparison.Ordinal), tokenizer.Decode(tokenizer.Encode(only.Text)));
    }

    // HF's decoder takes the Å of the added token Ångstrom for the stand-in of byte 0xC5; we give the token's own text.
    [Fact]
    public void RandomTextsOfAllScripts_GiveTheIdsAndTextOfHfTokenizers()
    {
        var tokenizer = Tokenizer.Load(TokenizerFolder.Hf);
        var cases = Read<HfCase>(Path.Combine(TokenizerFolder.Hf, "cases.json"));
        Assert.Equal(500, cases.Length);
        Assert.All(cases, c =>
        {
            Assert.Equal(c.Ids, tokenizer.Encode(c.Text));
            Assert.Equal(c.Decoded.Replace("\uFFFDngstrom", "Ångstrom", StringComparison.Ordinal), tokenizer.Decode(c.Ids));
        });
    }

    private static LlamaCppCase[] ReadLlamaCpp() =>
        Read<LlamaCppCase>(Path.Combine(RepositoryFiles.TinyModel("f32"), "golden", "tokenizer-llama.cpp.json"));

    private static T[] Read<T>(string path) => JsonSerializer.Deserialize<T[]>(File.ReadAllText(path, Encoding.UTF8), s_json)!;

    private sealed record DemoCase(string Text, string Normalized, string[] Pieces, int[] Ids);

    private sealed record LlamaCppCase(
        string Text, int[] Ids, [property: System.Text.Json.Serialization.JsonPropertyName("ids_special")] int[] IdsSpecial);

    private sealed record HfCase(string Text, int[] Ids, string Decoded);
}
