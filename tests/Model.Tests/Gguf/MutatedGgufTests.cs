using System.Buffers.Binary;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Ending;
using AkkaCp.Model.Tests.Files;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>GGUF files with bytes changed at random: each is an error of a known kind, or a model that can be used.</summary>
public sealed class MutatedGgufTests : IDisposable
{
    private const int Seed = 20261128;
    private const int Cases = 20_000;

    // What the readers take for one file at most, all that was given back meanwhile with it.
    private const long MostBytes = 64L << 20;

    private static readonly ulong[] s_numbers =
        [0, 1, 2, 8, 9, 13, 31, 255, 65_536, int.MaxValue, uint.MaxValue, long.MaxValue, 1UL << 63, ulong.MaxValue];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public void MutatedFile_IsReadOrIsATypedError()
    {
        var random = new Random(Seed);
        var whole = GgufBytes.Model().Build();
        var header = whole.Length - GgufBytes.Model().Tensors.Sum(tensor => tensor.Data.Length);
        var path = _folder.File("m.gguf");
        var used = 0;
        for (var i = 0; i < CaseShare.Count(Cases); i++)
        {
            File.WriteAllBytes(path, Mutated(whole, header, random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Use(path);
                used++;
            }
            catch (Exception error) when (!ModelReaders.IsTyped(error))
            {
                Assert.Fail($"case {i} of seed {Seed}: {error}");
            }
            catch (Exception error) when (ModelReaders.IsTyped(error))
            {
                Assert.Contains("m.gguf", error.Message, StringComparison.Ordinal);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        }

        Assert.NotEqual(0, used);
    }

    private static void Use(string path)
    {
        var files = ModelFiles.Of(path);
        var config = ModelConfig.Load(files);
        var defaults = GenerationDefaults.Load(files);
        var tokenizer = Tokenizer.Load(files);
        tokenizer.RequireFits(config.VocabSize);
        tokenizer.Decode(tokenizer.Encode("hello<|im_end|>\n"));
        var template = ChatTemplate.Load(files);
        EndTokens.Find(config, defaults, tokenizer, template);
        WeightFiles.Check(path, config);
        using var weights = WeightFiles.Open(path);
        Assert.DoesNotContain(weights.FindNonFinite(TestContext.Current.CancellationToken), found => IsQuantised(found.Tensor));
        PackedReading.ReadAll(weights);

        bool IsQuantised(string tensor) => weights.Find(tensor)!.Type.BlockElements > 1;
    }

    /// <summary>Mostly in the header, where every byte means something.</summary>
    private static byte[] Mutated(byte[] whole, int header, Random random)
    {
        var bytes = whole.ToList();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var at = random.Next(Math.Min(bytes.Count, random.Next(10) == 0 ? whole.Length : random.Next(3) == 0 ? 64 : header));
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count / 2), random.Next(1, 40)));
                    break;
                case 3 when random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    Overwrite(bytes, at, s_numbers[random.Next(s_numbers.Length)], random.Next(2) == 0 ? 4 : 8);
                    break;
            }

            if (bytes.Count < 100)
                break;
        }

        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, ulong number, int count)
    {
        var value = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(value, number);
        for (var i = 0; i < count && at + i < bytes.Count; i++)
            bytes[at + i] = value[i];
    }
}
