using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Safetensors;
using AkkaCp.Model.Tests.Files;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Tests.Weights;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Model.Tests.Quantized;

/// <summary>
/// An FP8 directory with bytes changed at random, in config.json or in the weights: each is an error of a known kind that names the file,
/// or a model whose quantised values are numbers.
/// </summary>
public sealed class MutatedFp8Tests : IDisposable
{
    private const int Seed = 20261129;
    private const int Cases = 20_000;
    private const int Block = 32;

    // What the readers take for one directory at most, all that was given back meanwhile with it.
    private const long MostBytes = 64L << 20;

    private static readonly string[] s_values =
    [
        "null", "true", "-1", "0", "1", "2147483648", "9223372036854775807", "1e999", "\"\"", "\"e4m3\"", "[]", "[0, 32]", "[32]",
        "[1, 1]", "[32, 1048577]", "{}", "\"re:(\"", "[\"re:.*\"]", "[\"gate\"]", "[\"q_proj\"]", "\"F8_E4M3\"", "\"BF16\"", "\"I8\"",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait(CaseShare.Trait, CaseShare.Shared)]
    public void MutatedDirectory_IsReadOrIsATypedError()
    {
        var random = new Random(Seed);
        var files = (Config: Write(_folder), Weights: File.ReadAllBytes(_folder.File("model.safetensors")));
        var header = 8 + (int)BitConverter.ToInt64(files.Weights);
        Use(_folder.Path);
        var used = 0;
        for (var i = 0; i < CaseShare.Count(Cases); i++)
        {
            var inConfig = random.Next(3) == 0;
            File.WriteAllBytes(_folder.File("config.json"), inConfig ? Mutated(files.Config, files.Config.Length, random) : files.Config);
            File.WriteAllBytes(
                _folder.File("model.safetensors"), inConfig ? files.Weights : Mutated(files.Weights, header, random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Use(_folder.Path);
                used++;
            }
            catch (Exception error) when (!ModelReaders.IsTyped(error))
            {
                Assert.Fail($"case {i} of seed {Seed}: {error}");
            }
            catch (Exception error) when (ModelReaders.IsTyped(error))
            {
                Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        }

        Assert.NotEqual(0, used);
    }

    private static void Use(string path)
    {
        var config = ModelConfig.Load(path);
        WeightFiles.Check(path, config);
        using var weights = WeightFiles.Open(path);
        Assert.DoesNotContain(
            weights.FindNonFinite(TestContext.Current.CancellationToken), found => weights.Find(found.Tensor)!.IsQuantised);
        PackedReading.ReadAll(weights);
    }

    /// <summary>A model of one layer and two experts.</summary>
    /// <returns>Its config.json.</returns>
    private static byte[] Write(TemporaryFolder folder)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.TinyModel("f32"), "config.json")))!.AsObject();
        json["num_hidden_layers"] = 1;
        json["num_experts"] = 2;
        json["vocab_size"] = 37;
        json["quantization_config"] = new JsonObject
        {
            ["quant_method"] = "fp8",
            ["fmt"] = "e4m3",
            ["activation_scheme"] = "dynamic",
            ["weight_block_size"] = new JsonArray(Block, Block),
            ["modules_to_not_convert"] = new JsonArray("lm_head", "model.layers.0.mlp.gate"),
        };
        var config = Encoding.UTF8.GetBytes(json.ToJsonString());
        File.WriteAllBytes(folder.File("config.json"), config);
        var tensors = TestModel.Tensors(ModelConfig.Load(folder.Path)).SelectMany(tensor => Stored(tensor.Name, tensor.Shape)).ToList();
        using var writer = SafetensorsWriter.Create(
            folder.File("model.safetensors"), tensors.Select(one => (one.Name, one.Type, one.Shape)));
        foreach (var tensor in tensors)
            writer.WriteBytes(tensor.Data);
        writer.Complete();
        return config;
    }

    private static IEnumerable<(string Name, SafetensorsDType Type, IReadOnlyList<long> Shape, byte[] Data)> Stored(
        string name, IReadOnlyList<long> shape)
    {
        var count = (int)shape.Aggregate(1L, (a, b) => a * b);
        if (!name.EndsWith("_proj.weight", StringComparison.Ordinal))
        {
            yield return (name, SafetensorsDType.F32, shape, MemoryMarshal.AsBytes<float>(TestModel.Values(name, count)).ToArray());
            yield break;
        }

        long[] blocks = [(shape[0] + Block - 1) / Block, (shape[1] + Block - 1) / Block];
        yield return (name, SafetensorsDType.F8_E4M3, shape, [.. Enumerable.Range(0, count).Select(i => (byte)(i % 120))]);
        yield return (name + "_scale_inv", SafetensorsDType.F32, blocks,
            MemoryMarshal.AsBytes<float>(TestModel.Values(name, (int)(blocks[0] * blocks[1]))).ToArray());
    }

    /// <summary>Mostly where every byte means something.</summary>
    private static byte[] Mutated(byte[] whole, int header, Random random)
    {
        var bytes = whole.ToList();
        for (var change = random.Next(1, 4); change > 0 && bytes.Count > 100; change--)
        {
            var at = random.Next(Math.Min(bytes.Count, random.Next(4) == 0 ? whole.Length : header));
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
                case 3:
                    bytes[at] = (byte)(random.Next(2) == 0 ? 0xFF : '0' + random.Next(10));
                    break;
                default:
                    ReplaceValue(bytes, at, header, Encoding.UTF8.GetBytes(s_values[random.Next(s_values.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Puts a JSON value between the next colon and what ends the value, of the same length where the place allows it.</summary>
    private static void ReplaceValue(List<byte> bytes, int from, int header, byte[] value)
    {
        var start = bytes.IndexOf((byte)':', from) + 1;
        var end = start == 0 || start > header ? -1 : bytes.FindIndex(start, item => item is (byte)',' or (byte)'}');
        if (end < 0)
            return;
        var length = end - start;
        bytes.RemoveRange(start, length);
        bytes.InsertRange(start, value.Length < length ? [.. value, .. Enumerable.Repeat((byte)' ', length - value.Length)] : value);
    }
}
