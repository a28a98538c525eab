using System.Text.Json.Nodes;
using AkkaCp.Testing;
using AkkaCp.Text.Files;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>The same tokenizer as HF's library and its users write it, and what makes a little more of it.</summary>
public class TokenizerSpellingTests
{
    private const string Text = "Ada's 61 shells.\n\n  <|im_end|> caf\u00e9 cafe\u0301 the heart of the matter";

    private static readonly Dictionary<string, Action<JsonNode>> s_spellings = new()
    {
        ["normalizer in a sequence"] = json => json["normalizer"] = Sequence("normalizers", json["normalizer"]!),
        ["normalizer in two sequences"] = json =>
            json["normalizer"] = Sequence("normalizers", Sequence("normalizers", json["normalizer"]!), Sequence("normalizers")),
        ["decoder in a sequence"] = json => json["decoder"] = Sequence("decoders", json["decoder"]!),
        ["decoder fused"] = json => json["decoder"] = Sequence("decoders", json["decoder"]!, new JsonObject { ["type"] = "Fuse" }),
        ["pre-tokenizer in two sequences"] = json => json["pre_tokenizer"] = Sequence("pretokenizers", json["pre_tokenizer"]!),
        ["post-processor in a sequence"] = json => json["post_processor"] = Sequence("processors", json["post_processor"]!),
        ["empty post-processor"] = json => json["post_processor"] = Sequence("processors"),
        ["no post-processor"] = json => json["post_processor"] = null,
        ["post-processor that adds nothing"] = json => json["post_processor"] = JsonNode.Parse(
            """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {}}"""),
        ["no model type"] = json => json["model"]!.AsObject().Remove("type"),
        ["byte fallback"] = json => json["model"]!["byte_fallback"] = true,
        ["unknown token"] = json => json["model"]!["unk_token"] = "<|endoftext|>",
        ["ignore merges off"] = json => json["model"]!["ignore_merges"] = false,
        ["removed and inverted"] = json =>
        {
            var split = json["pre_tokenizer"]!["pretokenizers"]![0]!;
            split["behavior"] = "Removed";
            split["invert"] = true;
        },
        ["isolated and inverted"] = json => json["pre_tokenizer"]!["pretokenizers"]![0]!["invert"] = true,
        ["truncation and padding"] = json =>
        {
            json["truncation"] = JsonNode.Parse("""{"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}""");
            json["padding"] = JsonNode.Parse("""{"strategy": {"Fixed": 64}, "pad_id": 0, "pad_token": "!"}""");
        },
        ["unused ids below an added token"] = json => json["added_tokens"]!.AsArray().Add(Extra(1_000)),
    };

    public static TheoryData<string> Spellings => [.. s_spellings.Keys];

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Spelling_GivesTheSameIds(string name)
    {
        var expected = Tokenizer.Load(RepositoryFiles.DemoModel);
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, s_spellings[name]);

        Assert.Equal(expected.Encode(Text), tokenizer.Encode(Text));
        Assert.Equal(expected.EncodePrompt(Text), tokenizer.EncodePrompt(Text));
        Assert.Equal(expected.Decode(expected.Encode(Text)), tokenizer.Decode(tokenizer.Encode(Text)));
    }

    [Fact]
    public void UnusedIds_HaveNoText_AndTheTokenAboveThemIsMatched()
    {
        var tokenizer = TokenizerFolder.LoadChanged(
            RepositoryFiles.DemoModel, json => json["added_tokens"]!.AsArray().Add(Extra(600)));

        Assert.Equal(601, tokenizer.VocabSize);
        Assert.Equal([600], tokenizer.Encode("<extra>"));
        Assert.Equal("a<extra>", tokenizer.Decode([64, 555, 600]));
        Assert.Equal([""], tokenizer.Pieces([555]));
        Assert.False(tokenizer.IsSpecial(555));
        Assert.Equal("", tokenizer.CreateStreamDecoder().Append(555));
    }

    [Fact]
    public void GapInTheVocabulary_IsNoToken()
    {
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, json => json["model"]!["vocab"]!["!"] = 600);

        Assert.Equal([600], tokenizer.Encode("!"));
        Assert.Equal("!", tokenizer.Decode([600, 0]));
    }

    [Fact]
    public void IgnoredMerges_TakeAWholePieceThatIsAToken()
    {
        // No merge makes this token, so only a lookup of the whole piece finds it.
        Action<JsonNode> change = json => json["model"]!["vocab"]!["\u0120zebra"] = 512;
        var merging = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, change);
        var ignoring = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, change + (json => json["model"]!["ignore_merges"] = true));

        Assert.DoesNotContain(512, merging.Encode("a zebra"));
        Assert.Equal([64, 512], ignoring.Encode("a zebra"));
        Assert.Equal(merging.Encode("a zebras"), ignoring.Encode("a zebras"));
        Assert.Equal(merging.Encode(new string('a', 5_000)), ignoring.Encode(new string('a', 5_000)));
    }

    [Fact]
    public void PostProcessorWithTokens_FramesPromptsOnly()
    {
        var tokenizer = TokenizerFolder.LoadChanged(RepositoryFiles.DemoModel, json => json["post_processor"] = JsonNode.Parse("""
            {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
             "single": [{"SpecialToken": {"id": "<b>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                        {"SpecialToken": {"id": "<e>", "type_id": 0}}],
             "special_tokens": {"<b>": {"id": "<b>", "ids": [510, 509]}, "<e>": {"id": "<e>", "ids": [511]}}}]}
            """));

        Assert.Equal([64], tokenizer.Encode("a"));
        Assert.Equal([510, 509, 64, 511], tokenizer.EncodePrompt("a"));
    }

    [Theory]
    [InlineData("""{"type": "TemplateProcessing", "single": []}""", "post_processor.single")]
    [InlineData("""{"type": "TemplateProcessing", "single": [{"Sequence": {}}, {"Sequence": {}}]}""", "post_processor.single[1]")]
    [InlineData("""{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<b>"}}], "special_tokens": {}}""",
        "post_processor.special_tokens.<b>")]
    [InlineData("""
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b"}}, {"Sequence": {}}], "special_tokens": {"b": {"ids": [-1]}}}
        """, "post_processor")]
    [InlineData("""
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b"}}, {"Sequence": {}}], "special_tokens": {"b": {"ids": [512]}}}
        """, "post_processor")]
    public void FrameThatMakesNoSense_IsRefused(string postProcessor, string where)
    {
        var error = Assert.Throws<ModelFormatException>(() => TokenizerFolder.LoadChanged(
            RepositoryFiles.DemoModel, json => json["post_processor"] = JsonNode.Parse(postProcessor)));
        Assert.Equal(where, error.Where);
    }

    [Theory]
    [InlineData("""{"eos_token": "<|im_end|>"}""", "<|im_end|>")]
    [InlineData("""{"eos_token": {"__type": "AddedToken", "content": "<|im_end|>", "lstrip": false}}""", "<|im_end|>")]
    [InlineData("""{"eos_token": null}""", null)]
    [InlineData("""{}""", null)]
    public void EndToken_IsATextOrAnObject(string config, string? expected)
    {
        using var model = new ModelCopy().Write("tokenizer_config.json", config);
        Assert.Equal(expected, Tokenizer.Load(model.Path).EosToken);
    }

    [Theory]
    [InlineData("eos_token", "\"<|im_end|>\"")]
    [InlineData("pad_token", "{\"content\": \"<|im_end|>\"}")]
    [InlineData("additional_special_tokens", "[\"<|nobody|>\", \"<|im_end|>\"]")]
    [InlineData("additional_special_tokens", "[{\"content\": \"<|im_end|>\"}]")]
    [InlineData("extra_special_tokens", "{\"end_token\": \"<|im_end|>\"}")]
    [InlineData("extra_special_tokens", "[\"<|im_end|>\"]")]
    public void SpecialTokenThatIsOnlyNamed_IsMatchedWhereTheVocabularyHasIt(string key, string value)
    {
        using var model = new ModelCopy()
            .Change("tokenizer.json", json =>
            {
                json["added_tokens"]!.AsArray().RemoveAt(2);
                json["model"]!["vocab"]!["<|im_end|>"] = 511;
            })
            .Write("tokenizer_config.json", $$"""{"{{key}}": {{value}}}""");
        var tokenizer = Tokenizer.Load(model.Path);

        Assert.Equal([64, 511, 65], tokenizer.Encode("a<|im_end|>b"));
        Assert.True(tokenizer.IsSpecial(511));
        Assert.DoesNotContain(511, tokenizer.Encode("a<|im_end|>b", allowSpecial: false));
    }

    [Theory]
    [InlineData("split_special_tokens", "true")]
    [InlineData("eos_token", "7")]
    [InlineData("add_bos_token", "\"yes\"")]
    [InlineData("additional_special_tokens", "7")]
    [InlineData("pad_token", "[]")]
    public void TokenizerConfig_ThatCannotBeFollowed_IsRefusedByName(string key, string value)
    {
        using var model = new ModelCopy().Change("tokenizer_config.json", json => json[key] = JsonNode.Parse(value));
        var error = Assert.Throws<ModelFormatException>(() => Tokenizer.Load(model.Path));
        Assert.Equal((model.FileOf("tokenizer_config.json"), key), (error.File, error.Where));
    }

    [Theory]
    [InlineData("add_bos_token", true, "add_bos_token")]
    [InlineData("add_eos_token", true, "add_eos_token")]
    [InlineData("clean_up_tokenization_spaces", true, "clean_up_tokenization_spaces")]
    [InlineData("add_bos_token", false, null)]
    public void WhatOnlyTheReferenceDoes_IsSaid(string key, bool value, string? note)
    {
        using var model = new ModelCopy().Change("tokenizer_config.json", json => json[key] = value);
        var notes = Tokenizer.Load(model.Path).Notes;
        if (note is null)
            Assert.Empty(notes);
        else
            Assert.Contains(note, Assert.Single(notes), StringComparison.Ordinal);
    }

    private static JsonObject Sequence(string key, params JsonNode[] steps) =>
        new() { ["type"] = "Sequence", [key] = new JsonArray([.. steps.Select(step => step.DeepClone())]) };

    private static JsonObject Extra(int id) => new()
    {
        ["id"] = id,
        ["content"] = "<extra>",
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };
}
