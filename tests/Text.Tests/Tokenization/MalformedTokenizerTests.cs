using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>Each way in which tokenizer.json can be wrong is refused with file, place, expectation and finding.</summary>
public class MalformedTokenizerTests
{
    private const string Step0 = "pre_tokenizer.pretokenizers[0]";
    private const string Step1 = "pre_tokenizer.pretokenizers[1]";

    private static readonly Dictionary<string, (Action<JsonNode> Change, string Where, string Found)> s_mistakes = new()
    {
        ["merge part unknown"] = (json => Merges(json).Add(Pair("he", "☃")), "model.merges[253]", "none"),
        ["merge result unknown"] = (json => Merges(json).Add(Pair("z", "z")), "model.merges[253]", "none"),
        ["merge twice"] = (json => Merges(json).Add(Merges(json)[0]!.DeepClone()), "model.merges[253]", "\"h e\" again"),
        ["merge of three"] = (json => Merges(json)[5] = new JsonArray("a", "b", "c"), "model.merges[5]", "[\"a\",\"b\",\"c\"]"),
        ["merge text of one"] = (json => Merges(json)[5] = "ab", "model.merges[5]", "\"ab\""),
        ["merge of number"] = (json => Merges(json)[5] = new JsonArray("a", 1), "model.merges[5][1]", "1"),
        ["merges no array"] = (json => json["model"]!["merges"] = 5, "model.merges", "5"),
        ["byte without token"] = (json => Rename(json, "!", "☃☃"), "model.vocab", "none"),
        ["id twice"] = (json => Vocab(json)["!"] = 1, "model.vocab.\"", "1, which is \"!\""),
        ["id negative"] = (json => Vocab(json)["!"] = -1, "model.vocab.!", "-1"),
        ["id huge"] = (json => Vocab(json)["!"] = int.MaxValue, "model.vocab", "highest id 2147483647"),
        ["id absurd"] = (json => Vocab(json)["!"] = Vocabulary.MaxSize, "model.vocab", "highest id 1048576"),
        ["id no number"] = (json => Vocab(json)["!"] = "0", "model.vocab.!", "\"0\""),
        ["id fraction"] = (json => Vocab(json)["!"] = 0.5, "model.vocab.!", "0.5"),
        ["vocab empty"] = (json => Empty(json), "model.vocab", "highest id -1"),
        ["vocab no object"] = (json => json["model"]!["vocab"] = new JsonArray(), "model.vocab", "[]"),
        ["model missing"] = (json => json.AsObject().Remove("model"), "model", "nothing"),
        ["other model"] = (json => json["model"]!["type"] = "Unigram", "model.type", "\"Unigram\""),
        ["flag no flag"] = (json => json["model"]!["byte_fallback"] = "no", "model.byte_fallback", "\"no\""),
        ["dropout"] = (json => json["model"]!["dropout"] = 0.1, "model.dropout", "0.1"),
        ["prefix"] = (json => json["model"]!["continuing_subword_prefix"] = "##", "model.continuing_subword_prefix", "\"##\""),
        ["suffix"] = (json => json["model"]!["end_of_word_suffix"] = "</w>", "model.end_of_word_suffix", "/w"),
        ["other normalizer"] = (json => json["normalizer"]!["type"] = "NFKC", "normalizer.type", "\"NFKC\""),
        ["no pre-tokenizer"] = (json => json["pre_tokenizer"] = null, "pre_tokenizer", "null"),
        ["other pre-tokenizer"] = (json => json["pre_tokenizer"]!["type"] = "Whitespace", "pre_tokenizer.type", "\"Whitespace\""),
        ["other pattern"] = (json => Steps(json)[0]!["pattern"]!["Regex"] = "\\w+", Step0 + ".pattern.Regex", "\"\\\\w"),
        ["other behavior"] = (json => Steps(json)[0]!["behavior"] = "Removed", Step0 + ".behavior", "\"Removed\""),
        ["second regex"] = (json => Steps(json)[1]!["use_regex"] = true, Step1 + ".use_regex", "true"),
        ["prefix space"] = (json => Steps(json)[1]!["add_prefix_space"] = true, Step1 + ".add_prefix_space", "true"),
        ["inverted"] = (json => { Steps(json)[0]!["invert"] = 1; }, Step0 + ".invert", "1"),
        ["third step"] = (json => Steps(json).Add(Steps(json)[1]!.DeepClone()), "pre_tokenizer", "{"),
        ["one step"] = (json => json["pre_tokenizer"] = Steps(json)[1]!.DeepClone(), "pre_tokenizer.type", "ByteLevel"),
        ["normalizer deep in a sequence"] = (
            json => json["normalizer"] = Sequence("normalizers", Sequence("normalizers", new JsonObject { ["type"] = "Lowercase" })),
            "normalizer.normalizers[0].normalizers[0].type", "\"Lowercase\""),
        ["decoder in a sequence"] = (
            json => json["decoder"] = Sequence("decoders", json["decoder"]!.DeepClone(), new JsonObject { ["type"] = "Strip" }),
            "decoder.decoders[1].type", "\"Strip\""),
        ["no decoder"] = (json => json["decoder"] = null, "decoder", "null"),
        ["post-processor in a sequence"] = (
            json => json["post_processor"] = Sequence("processors", new JsonObject { ["type"] = "BertProcessing" }),
            "post_processor.processors[0].type", "\"BertProcessing\""),
        ["other decoder"] = (json => json["decoder"]!["type"] = "WordPiece", "decoder.type", "\"WordPiece\""),
        ["other post-processor"] = (json => json["post_processor"]!["type"] = "Template", "post_processor.type", "\"Template\""),
        ["added token's id taken"] = (json => Added(json)["id"] = 3, "added_tokens \"<|endoftext|>\"", "3, which is \"$\""),
        ["added token's id negative"] = (json => Added(json)["id"] = -3, "added_tokens \"<|endoftext|>\"", "-3"),
        ["added token twice"] = (json => Added(json)["content"] = "<|im_end|>", "added_tokens \"<|im_end|>\"", "511"),
        ["added token empty"] = (json => Added(json)["content"] = "", "added_tokens[0].content", "\"\""),
        ["added token no object"] = (json => json["added_tokens"]![0] = 7, "added_tokens[0]", "7"),
        ["added token strips"] = (json => Added(json)["lstrip"] = true, "added_tokens[0].lstrip", "true"),
        ["added token single word"] = (json => Added(json)["single_word"] = true, "added_tokens[0].single_word", "true"),
    };

    private static readonly Dictionary<string, (string Text, string Found)> s_brokenFiles = new()
    {
        ["empty"] = ("", "an empty file"),
        ["cut"] = ("{\"model\": {", "depth"),
        ["no object"] = ("[]", "[]"),
        ["repeated key"] = ("{\"model\": {\"vocab\": {\"a\": 0, \"a\": 0}}}", "Duplicate"),
        ["deep"] = (new string('[', 100_000), "depth"),
        ["half a surrogate pair"] = ("{\"model\": {\"type\": \"\\ud800\"}}", "make none"),
    };

    public static TheoryData<string> Mistakes => [.. s_mistakes.Keys];

    public static TheoryData<string> BrokenFiles => [.. s_brokenFiles.Keys];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistake_IsNamed(string name)
    {
        var (change, where, found) = s_mistakes[name];
        var e = Assert.Throws<ModelFormatException>(() => TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, change));
        Assert.EndsWith("tokenizer.json", e.File, StringComparison.Ordinal);
        Assert.Equal(where, e.Where);
        Assert.Contains(found, e.Found, StringComparison.Ordinal);
        Assert.NotEmpty(e.Expected);
    }

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void BrokenFile_IsNamed(string name)
    {
        var (text, found) = s_brokenFiles[name];
        using var folder = new TokenizerFolder(text);
        var e = Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
        Assert.Equal(folder.TokenizerPath, e.File);
        Assert.Contains(found, e.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void BytesThatAreNoUtf8_AreNamed()
    {
        using var folder = new TokenizerFolder("");
        File.WriteAllBytes(folder.TokenizerPath, [.. "{\"model\": {\"type\": \""u8, 0xFF, 0xFE, .. "\"}}"u8]);
        Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
        File.WriteAllBytes(folder.TokenizerPath, [.. "{\"model\": {\"type\": \"BPE\", \""u8, 0xFF, 0xFE, .. "\": 1}}"u8]);
        Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
    }

    [Fact]
    public void MissingFile_IsNamed()
    {
        using var folder = new TokenizerFolder("");
        File.Delete(folder.TokenizerPath);
        var e = Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
        Assert.Equal((folder.TokenizerPath, "no file"), (e.File, e.Found));
    }

    [Fact]
    public void HugeFile_IsRefusedUnread()
    {
        using var folder = new TokenizerFolder("");
        using (var file = File.OpenWrite(folder.TokenizerPath))
            file.SetLength(ModelFile.MaxBytes + 1);
        var e = Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
        Assert.Equal("67108865 bytes", e.Found);
    }

    [Fact]
    public void VocabularyLargerThanTheModels_IsRefused_AddedTokensBeyondAreNamed()
    {
        var tokenizer = Tokenizer.Load(RepositoryFiles.DemoModel);
        Assert.Empty(tokenizer.RequireFits(512));
        Assert.Empty(tokenizer.RequireFits(600));
        Assert.Equal(["<|im_start|>", "<|im_end|>"], tokenizer.RequireFits(510));
        var e = Assert.Throws<ModelFormatException>(() => tokenizer.RequireFits(508));
        Assert.Equal(("model.vocab", "highest id 508"), (e.Where, e.Found));
    }

    [Fact]
    public void MergesAsTexts_GiveTheSameTokenizer()
    {
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, json =>
        {
            var texts = Merges(json).Select(pair => (JsonNode)$"{pair![0]} {pair[1]}");
            json["model"]!["merges"] = new JsonArray([.. texts]);
        });
        var text = "the heart of the matter";
        Assert.Equal(Tokenizer.Load(RepositoryFiles.DemoModel).Encode(text), tokenizer.Encode(text));
    }

    [Fact]
    public void TokenOnlyInTokenizerConfig_IsAdded()
    {
        using var folder = new TokenizerFolder(File.ReadAllText(Path.Combine(RepositoryFiles.DemoModel, "tokenizer.json")));
        var config = Path.Combine(folder.Directory, "tokenizer_config.json");
        var tokens = """{"added_tokens_decoder": {"511": {"content": "<|im_end|>"}, "512": {"content": "<tool>"}}}""";
        File.WriteAllText(config, tokens);
        Assert.Equal([512], Tokenizer.Load(folder.Directory).Encode("<tool>"));

        File.WriteAllText(config, """{"added_tokens_decoder": {"x": {"content": "<tool>"}}}""");
        var e = Assert.Throws<ModelFormatException>(() => Tokenizer.Load(folder.Directory));
        Assert.Equal((config, "added_tokens_decoder.x"), (e.File, e.Where));
    }

    private static JsonObject Vocab(JsonNode json) => json["model"]!["vocab"]!.AsObject();

    private static JsonArray Merges(JsonNode json) => json["model"]!["merges"]!.AsArray();

    private static JsonArray Steps(JsonNode json) => json["pre_tokenizer"]!["pretokenizers"]!.AsArray();

    private static JsonObject Sequence(string key, params JsonNode[] steps) =>
        new() { ["type"] = "Sequence", [key] = new JsonArray(steps) };

    private static JsonObject Added(JsonNode json) => json["added_tokens"]![0]!.AsObject();

    private static JsonArray Pair(string left, string right) => new(left, right);

    private static void Rename(JsonNode json, string token, string name)
    {
        var id = (int)Vocab(json)[token]!;
        Vocab(json).Remove(token);
        Vocab(json)[name] = id;
    }

    private static void Empty(JsonNode json)
    {
        Vocab(json).Clear();
        Merges(json).Clear();
        json["added_tokens"] = null;
    }
}
