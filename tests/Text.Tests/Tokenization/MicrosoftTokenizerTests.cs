using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AkkaCp.Testing;
using AkkaCp.Text.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;
using Tokenizer = AkkaCp.Text.Tokenization.Tokenizer;

namespace AkkaCp.Text.Tests.Tokenization;

/// <summary>
/// Equality with Microsoft.ML.Tokenizers where it is right: on normalised text of the basic multilingual plane, and where no
/// long s follows an apostrophe, which .NET's Regex does not fold to s as the reference implementation does.
/// </summary>
public class MicrosoftTokenizerTests
{
    [Fact]
    public void RandomBmpText_GivesTheSameIds()
    {
        foreach (var directory in new[] { RepositoryFiles.DemoModel, TokenizerFolder.Hf, RepositoryFiles.TinyModel("f32") })
        {
            var ours = Tokenizer.Load(directory);
            var theirs = Load(directory);
            var compared = 0;
            foreach (var text in RandomTexts.Bmp(4000).Select(NfcNormalizer.Normalize))
            {
                if (text.Contains("'ſ", StringComparison.Ordinal))
                    continue;
                compared++;
                var expected = theirs.EncodeToIds(text, considerNormalization: false);
                var actual = ours.Encode(text, allowSpecial: false);
                Assert.True(expected.SequenceEqual(actual), $"{directory}: {RandomTexts.Show(text)}");
            }

            Assert.InRange(compared, 2000, 4000);
        }
    }

    private static BpeTokenizer Load(string directory)
    {
        var model = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "tokenizer.json")))!["model"]!;
        var vocab = model["vocab"]!.AsObject().Select(entry => KeyValuePair.Create(entry.Key, (int)entry.Value!));
        var merges = model["merges"]!.AsArray()
            .Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!);
        return BpeTokenizer.Create(new BpeOptions(vocab)
        {
            Merges = merges,
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new Regex(QwenPreTokenizer.Pattern), null),
        });
    }
}
