using AkkaCp.Model.Configuration;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Tests.Safetensors;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;
using AkkaCp.Text.Tokenization;
using Xunit;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>Files that break the format, or are another model's: one error that says where, what is expected, and what was found.</summary>
public sealed class BadGgufTests : IDisposable
{
    private static readonly Dictionary<string, (Action<GgufBytes> Change, string Says)> s_models = new()
    {
        ["wrong magic"] = (file => file.Magic = 0x46554748, "magic: expected \"GGUF\""),
        ["version 0"] = (file => file.Version = 0, "version: expected 2 or 3, found 0"),
        ["version 1"] = (file => file.Version = 1, "version: expected 2 or 3, found 1"),
        ["version 4"] = (file => file.Version = 4, "version: expected 2 or 3, found 4"),
        ["big endian"] = (file => file.Version = 3u << 24, "found a big endian file"),
        ["more tensors than bytes"] = (file => file.TensorCount = 100_000, "tensor_count: expected at most"),
        ["more tensors than numbers"] = (file => file.TensorCount = 1UL << 63, "tensor_count: expected at most 131072"),
        ["more keys than bytes"] = (file => file.KeyCount = 60_000, "kv_count: expected at most"),
        ["more keys than numbers"] = (file => file.KeyCount = ulong.MaxValue, "kv_count: expected at most 65536"),
        ["text beyond the file"] = (file => file.Set("a", GgufKind.Text, BitConverter.GetBytes(1UL << 30)), "a: expected at most"),
        ["text beyond 31 bits"] =
            (file => file.Set("a", GgufKind.Text, BitConverter.GetBytes(1UL << 31)), "a: expected at most 2147483647"),
        ["empty key"] = (file => file.Set("", 1u), "expected a name, found an empty one"),
        ["long key"] = (file => file.Set(new string('k', 65_536), 1u), "expected at most 65535, found 65536"),
        ["long tensor name"] = (file => file.Tensors[0].Name = new string('t', 64), "tensor 0: expected at most 63, found 64"),
        ["empty tensor name"] = (file => file.Tensors[0].Name = "", "tensor 0: expected a name"),
        ["array beyond the file"] = (file => file.Set("a", GgufKind.Array, Array(4, 1 << 28)), "a: expected at most"),
        ["array of texts beyond the file"] = (file => file.Set("a", GgufKind.Array, Array(8, 1 << 28)), "a: expected at most"),
        ["array beyond 31 bits"] = (file => file.Set("a", GgufKind.Array, Array(0, 1UL << 33)), "a: expected at most 2147483647"),
        ["array of arrays"] = (file => file.Set("a", GgufKind.Array, Array(9, 0)), "a: expected an array of single values"),
        ["unknown type of a key"] = (file => file.Set("a", (GgufKind)13, []), "a: expected a type from 0 to 12, found 13"),
        ["bool of 2"] = (file => file.Set("a", GgufKind.Bool, [2]), "a: expected bools of 0 or 1"),
        ["key twice"] = (file => file.Keys.Add(file.Keys[^1]), "tokenizer.chat_template: expected the key once"),
        ["tensor twice"] = (file => file.Add("output.weight", 8, 32, 262), "output.weight: expected the tensor once"),
        ["alignment 0"] = (file => file.Set("general.alignment", 0u), "general.alignment: expected a power of two"),
        ["alignment 3"] = (file => file.Set("general.alignment", 3u), "general.alignment: expected a power of two"),
        ["alignment 2^31"] = (file => file.Set("general.alignment", 1u << 31), "general.alignment: expected a power of two"),
        ["alignment as text"] = (file => file.Set("general.alignment", "32"), "general.alignment: expected a uint32, found text"),
        ["no dimension"] = (file => file.Tensors[0].Dims = [], "token_embd.weight: expected 1 to 4 dimensions, found 0"),
        ["five dimensions"] = (file => file.Tensors[0].Dims = [32, 1, 1, 1, 1], "token_embd.weight: expected 1 to 4 dimensions, found 5"),
        ["dimension 0"] = (file => file.Tensors[0].Dims = [32, 0], "token_embd.weight: expected dimensions from 1"),
        ["dimension 2^63"] = (file => file.Tensors[0].Dims = [32, 1UL << 63], "token_embd.weight: expected dimensions from 1"),
        ["product beyond 63 bits"] = (file => file.Tensors[0].Dims = [1UL << 32, 1UL << 32], "expected fewer than 2^63"),
        ["bytes beyond 63 bits"] = (file => file.Tensors[0].Dims = [32, (1UL << 58) - 1], "expected fewer than 2^63"),
        ["negative type"] = (file => file.Tensors[0].Type = -1, "found type -1, which is unknown"),
        ["unknown type"] = (file => file.Tensors[0].Type = 77, "found type 77, which is unknown"),
        ["removed type"] = (file => file.Tensors[0].Type = 31, "found type 31 (Q4_0_4_4, removed)"),
        ["type that is not read"] = (file => file.Tensors[0].Type = 16, "token_embd.weight: expected one of the types F32, F16"),
        ["integers"] = (file => file.Tensors[0].Type = 26, "found type 26 (I32)"),
        ["part of a block"] = (file => file.Tensors[0].Dims = [33, 262], "expected rows of whole blocks of 32 Q8_0, found 33"),
        ["offset that is not aligned"] = (file => file.Tensors[1].Offset = 8, "output.weight: expected an offset that is a multiple of 32"),
        ["offset beyond the data"] = (file => file.Tensors[1].Offset = 1UL << 40, "output.weight: expected 8908 bytes at"),
        ["offset beyond 63 bits"] = (file => file.Tensors[1].Offset = 1UL << 63, "output.weight: expected an offset"),
        ["offset whose sum overflows"] = (file => file.Tensors[1].Offset = (1UL << 63) - 32, "output.weight: expected 8908 bytes at"),
        ["tensors that overlap"] =
            (file => file.Tensors[1].Offset = 32, "bytes of its own at 32 of the data, found those of token_embd.weight"),
        ["no architecture"] = (file => file.Remove("general.architecture"), "general.architecture: expected a string, found nothing"),
        ["architecture as a number"] =
            (file => file.Set("general.architecture", 3u), "general.architecture: expected a string, found uint32"),
        ["other architecture"] = (file => file.Set("general.architecture", "qwen2moe"), "expected qwen3moe or qwen3, found qwen2moe"),
        ["no layers"] = (file => file.Remove("qwen3moe.block_count"), "qwen3moe.block_count: expected the key, found nothing"),
        ["layers as text"] =
            (file => file.Set("qwen3moe.block_count", "1"), "qwen3moe.block_count: expected an integer of 64 bits, found text"),
        ["0 layers"] = (file => file.Set("qwen3moe.block_count", 0u), "qwen3moe.block_count: expected a number from 1"),
        ["negative width"] = (file => file.Set("qwen3moe.embedding_length", GgufKind.Int32, BitConverter.GetBytes(-32)), "found -32"),
        ["more experts used than there are"] = (file => file.Set("qwen3moe.expert_used_count", 3u), "expert_used_count: expected at most"),
        ["heads that do not divide"] = (file => file.Set("qwen3moe.attention.head_count_kv", 3u), "head_count: expected a multiple"),
        ["heads that differ"] = (file => file.Set("qwen3moe.attention.head_count", [2, 4]), "expected the same number"),
        ["values of another width"] = (file => file.Set("qwen3moe.attention.value_length", 32u), "value_length: expected 16"),
        ["part of a head rotated"] = (file => file.Set("qwen3moe.rope.dimension_count", 8u), "rope.dimension_count: expected 16"),
        ["base that is no number"] = (file => file.Set("qwen3moe.rope.freq_base", float.NaN), "rope.freq_base: expected a finite number"),
        ["rotation by long factors"] =
            (file => file.Set("qwen3moe.rope.scaling.type", "longrope"), "rope_type: expected default, linear or yarn"),
        ["shared experts"] = (file => file.Set("qwen3moe.expert_shared_count", 1u), "qwen3moe.expert_shared_count: expected 0"),
        ["routing by sigmoids"] = (file => file.Set("qwen3moe.expert_gating_func", 2u), "qwen3moe.expert_gating_func: expected 0 or 1"),
        ["no embedding"] = (file => file.Tensors.RemoveAt(0), "token_embd.weight: expected a tensor of two dimensions, found none"),
        ["other tokenizer"] = (file => file.Set("tokenizer.ggml.model", "llama"), "tokenizer.ggml.model: expected gpt2"),
        ["no tokenizer"] = (file => file.Remove("tokenizer.ggml.model"), "tokenizer.ggml.model: expected gpt2"),
        ["other splitting"] =
            (file => file.Set("tokenizer.ggml.pre", "llama-bpe"), "expected qwen2, the only one that is read, found llama-bpe"),
        ["first token asked for"] =
            (file => file.Set("tokenizer.ggml.add_bos_token", true), "tokenizer.ggml.add_bos_token: expected false"),
        ["fewer tokens than rows"] = (file => file.Set("tokenizer.ggml.tokens", ["a", "b"]), "expected 262, the rows of token_embd.weight"),
        ["fewer types than tokens"] =
            (file => file.Set("tokenizer.ggml.token_type", [1, 1]), "token_type: expected 262, one for each token"),
        ["unknown type of token"] =
            (file => file.Set("tokenizer.ggml.token_type", [.. Enumerable.Repeat(7, 262)]), "expected types from 1 to 6"),
        ["merge of an unknown token"] = (file => file.Set("tokenizer.ggml.merges", ["h e", "zz y"]), "found \"zz y\" at 1"),
        ["merge into an unknown token"] = (file => file.Set("tokenizer.ggml.merges", ["h h"]), "expected the token \"hh\""),
        ["merge without a space"] = (file => file.Set("tokenizer.ggml.merges", ["he"]), "expected two tokens with a space between them"),
        ["tokens as one text"] = (file => file.Set("tokenizer.ggml.tokens", "a"), "tokenizer.ggml.tokens: expected an array of strings"),
        ["no merges"] =
            (file => file.Remove("tokenizer.ggml.merges"), "tokenizer.ggml.merges: expected an array of strings, found nothing"),
        ["merge of nothing"] = (file => file.Set("tokenizer.ggml.merges", [""]), "expected two tokens with a space between them"),
        ["end token beyond the tokens"] = (file => file.Set("tokenizer.ggml.eos_token_id", 262u), "eos_token_id: expected an id below 262"),
        ["pad token beyond the tokens"] =
            (file => file.Set("tokenizer.ggml.padding_token_id", 262u), "padding_token_id: expected an id below 262"),
        ["text that is no UTF-8"] =
            (file => file.Set("tokenizer.chat_template", GgufKind.Text, [1, 0, 0, 0, 0, 0, 0, 0, 0xFF]), "text in UTF-8"),
        ["sampling out of range"] = (file => file.Set("general.sampling.top_p", 2f), "sampling keys"),
        ["no matrix"] = (file => file.Tensors.RemoveAt(5), "self_attn.q_proj.weight: expected a tensor of shape [32, 32]"),
        ["matrix of another shape"] = (file => file.Tensor("blk.0.attn_k.weight").Dims = [16, 32], "self_attn.k_proj.weight"),
        ["vector of two dimensions"] =
            (file => file.Tensor("output_norm.weight").Dims = [32, 1], "expected shape [32], found shape [1, 32]"),
        ["experts of gate and up that differ"] =
            (file => file.Tensor("blk.0.ffn_up_exps.weight").Dims = [32, 64, 1], "experts.0.up_proj.weight"),
        ["further tensor of a layer"] =
            (file => file.Add("blk.0.attn_sinks.weight", 0, 2), "model.layers.0.attn_sinks.weight: expected only"),
        ["factors of rotation"] = (file => file.Add("rope_freqs.weight", 0, 8), "rope_freqs.weight: expected no factors of rotation"),
        ["layer of two names"] = (file => file.Add("blk.00.attn_norm.weight", 0, 32), "model.layers.0.input_layernorm.weight once"),
        ["scale that is infinite"] =
            (file => file.Tensors[0].Data[34 * 7 + 1] = 0x7C, "token_embd.weight: expected blocks of finite values, found"),
        ["power that is no number"] =
            (file => file.Tensor("blk.0.ffn_down_exps.weight").Data[17 * 40] = 255, "expert 1: expected blocks of finite"),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Cases => [.. s_models.Keys];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GoodFile_HasNoError() => Assert.Null(ErrorOf(GgufBytes.Model()));

    [Theory]
    [MemberData(nameof(Cases))]
    public void BadFile_IsRefusedByPlaceAndFinding(string what)
    {
        var file = GgufBytes.Model();
        s_models[what].Change(file);

        var error = ErrorOf(file);

        Assert.NotNull(error);
        Assert.StartsWith(_folder.File("m.gguf"), error, StringComparison.Ordinal);
        Assert.Contains(s_models[what].Says, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "header: expected at least 24 bytes, found 0 bytes")]
    [InlineData(23, "header: expected at least 24 bytes, found 23 bytes")]
    [InlineData(24, "expected at most")]
    [InlineData(1000, "expected")]
    public void CutFile_IsRefused(int length, string says)
    {
        File.WriteAllBytes(_folder.File("m.gguf"), GgufBytes.Model().Build()[..length]);
        Assert.Contains(says, ErrorOf(_folder.File("m.gguf")), StringComparison.Ordinal);
    }

    [Fact]
    public void CutData_IsRefusedBeforeAnyIsRead()
    {
        File.WriteAllBytes(_folder.File("m.gguf"), GgufBytes.Model().Build()[..^2000]);
        var error = Assert.Throws<ModelFormatException>(() => WeightFiles.Open(_folder.File("m.gguf")));
        Assert.Equal("blk.0.ffn_up_exps.weight", error.Where);
    }

    [Fact]
    public void HeaderWithoutEnd_IsReadAsFarAsOneMayGo()
    {
        var file = GgufBytes.Model();
        file.Set("a", GgufKind.Array, [.. Array(0, 40 << 20), .. new byte[40 << 20]]);

        Assert.Contains("header: expected at most 33554432 bytes, found more: it goes on with a", ErrorOf(file), StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFile_IsNamed() =>
        Assert.Contains("found", ErrorOf(_folder.File("none.gguf")), StringComparison.Ordinal);

    private string? ErrorOf(GgufBytes file)
    {
        File.WriteAllBytes(_folder.File("m.gguf"), file.Build());
        return ErrorOf(_folder.File("m.gguf"));
    }

    private static string? ErrorOf(string path)
    {
        try
        {
            var files = ModelFiles.Of(path);
            var config = ModelConfig.Load(files);
            Tokenizer.Load(files).RequireFits(config.VocabSize);
            GenerationDefaults.Load(files);
            WeightFiles.Check(path, config);
            using var weights = WeightFiles.Open(path);
            Assert.Empty(weights.FindNonFinite(TestContext.Current.CancellationToken));
            return null;
        }
        catch (Exception error) when (error is ModelFormatException or ModelConfigException)
        {
            return error.Message;
        }
    }

    private static byte[] Array(uint type, ulong count) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(count)];
}
