using System.Text;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Files;

/// <summary>
/// Files of the demo model with bytes and JSON values changed at random: readers throw errors of known kinds or read a model, and
/// what they read can be used.
/// </summary>
public sealed class MutatedFileTests : IDisposable
{
    private const int Seed = 20261127;
    private const int CasesPerFile = 1_000;

    private static readonly string[] s_values =
        ["null", "true", "-1", "0", "1e999", "2147483648", "9223372036854775808", "0.5", "20.0", "\"\"", "\"\\n\"", "[]", "{}", "[null]",
         "[[[[[[]]]]]]", "\"<|im_end|>\""];

    private readonly ModelCopy _model = new();

    public MutatedFileTests() => SmallWeights.Write(_model.Delete("model.safetensors").FileOf("model.safetensors"));

    public void Dispose() => _model.Dispose();

    [Theory]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    [InlineData("model.safetensors")]
    public void MutatedFile_IsReadOrIsATypedError(string file)
    {
        var random = new Random(Seed);
        var whole = File.ReadAllBytes(_model.FileOf(file));
        for (var i = 0; i < CaseShare.Count(CasesPerFile); i++)
        {
            var bytes = Mutated(whole, random);
            File.WriteAllBytes(_model.FileOf(file), bytes);
            try
            {
                ModelReaders.ErrorsOf(_model.Path);
                Use(_model.Path);
            }
            catch (Exception error) when (!ModelReaders.IsTyped(error))
            {
                Assert.Fail($"{file}, case {i} of seed {Seed}: {error}");
            }
            catch (Exception error) when (ModelReaders.IsTyped(error))
            {
                // A file that cannot be read, or whose model cannot be used.
            }
        }
    }

    private static void Use(string directory)
    {
        var config = ModelConfig.Load(directory);
        var defaults = GenerationDefaults.Load(directory);
        var tokenizer = Tokenizer.Load(directory);
        tokenizer.RequireFits(config.VocabSize);
        Assert.All(defaults.EosTokenIds, id => Assert.True(id >= 0));
        tokenizer.Decode(tokenizer.Encode("What is 37 + 45?<|im_end|>\n"));
        var template = ChatTemplate.Load(directory);
        Assert.All(EndTokens.Find(config, defaults, tokenizer, template).Tokens, end => Assert.InRange(end.Id, 0, config.VocabSize - 1));
        template.Render(new ChatTemplateInput { Messages = [] });
    }

    private static byte[] Mutated(byte[] whole, Random random)
    {
        var text = whole.Length;
        var bytes = whole.ToList();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var at = random.Next(text);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(text / 2), random.Next(1, 40)));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    ReplaceValue(bytes, at, s_values[random.Next(s_values.Length)]);
                    break;
            }

            text = Math.Max(1, Math.Min(text, bytes.Count));
            if (bytes.Count < 80)
                break;
        }

        return [.. bytes];
    }

    /// <summary>Puts a JSON value between the next colon and the comma or brace behind it.</summary>
    private static void ReplaceValue(List<byte> bytes, int from, string value)
    {
        var start = bytes.IndexOf((byte)':', from) + 1;
        var end = start == 0 ? -1 : bytes.FindIndex(start, item => item is (byte)',' or (byte)'}' or (byte)']');
        if (end < 0)
            return;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(value));
    }
}
