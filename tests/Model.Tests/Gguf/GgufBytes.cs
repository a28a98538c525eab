using System.Text;
using AkkaCp.Model.Gguf;
using AkkaCp.Model.Gguf.Blocks;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Tests.Gguf;

/// <summary>The bytes of a GGUF file, part by part, so that a test can make any of them wrong.</summary>
internal sealed class GgufBytes
{
    private const int Hidden = 32;

    /// <summary>The tokens of <see cref="Model"/>: all bytes, what merges, and three added ones.</summary>
    public static string[] Tokens { get; } =
    [
        .. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Symbol((byte)value).ToString()),
        "he", "ll", "hell", "<think>", "<|im_start|>", "<|im_end|>",
    ];

    public uint Magic { get; set; } = 0x46554747;

    public uint Version { get; set; } = 3;

    public ulong? TensorCount { get; set; }

    public ulong? KeyCount { get; set; }

    public int Alignment { get; set; } = 32;

    public List<(string Key, uint Type, byte[] Value)> Keys { get; } = [];

    public List<GgufBytesTensor> Tensors { get; } = [];

    /// <summary>A model of one layer with two experts and 262 tokens, one of each kind of key that a real file has.</summary>
    public static GgufBytes Model()
    {
        var file = new GgufBytes();
        file.Set("general.architecture", "qwen3moe");
        foreach (var (key, value) in ((string, uint)[])[("block_count", 1), ("context_length", 128), ("embedding_length", Hidden),
            ("attention.head_count", 2), ("attention.head_count_kv", 1), ("attention.key_length", 16), ("attention.value_length", 16),
            ("expert_count", 2), ("expert_used_count", 1), ("expert_feed_forward_length", 32)])
        {
            file.Set("qwen3moe." + key, value);
        }

        file.Set("qwen3moe.attention.layer_norm_rms_epsilon", 1e-6f);
        file.Set("qwen3moe.rope.freq_base", 1e6f);
        file.AddTokenizer();
        file.AddTensors();
        return file;
    }

    public void Set(string key, string value) => Set(key, GgufKind.Text, Text(value));

    public void Set(string key, uint value) => Set(key, GgufKind.UInt32, BitConverter.GetBytes(value));

    public void Set(string key, float value) => Set(key, GgufKind.Float32, BitConverter.GetBytes(value));

    public void Set(string key, bool value) => Set(key, GgufKind.Bool, [value ? (byte)1 : (byte)0]);

    public void Set(string key, params string[] values) => Set(key, GgufKind.Array, Array(GgufKind.Text, values.Select(Text)));

    public void Set(string key, params int[] values) =>
        Set(key, GgufKind.Array, Array(GgufKind.Int32, values.Select(BitConverter.GetBytes)));

    public void Set(string key, GgufKind kind, byte[] value)
    {
        var at = Keys.FindIndex(entry => entry.Key == key);
        if (at < 0)
            Keys.Add((key, (uint)kind, value));
        else
            Keys[at] = (key, (uint)kind, value);
    }

    public void Remove(string key) => Keys.RemoveAll(entry => entry.Key == key);

    public GgufBytesTensor Tensor(string name) => Tensors.Single(tensor => tensor.Name == name);

    public byte[] Build()
    {
        var header = new List<byte>();
        header.AddRange([.. BitConverter.GetBytes(Magic), .. BitConverter.GetBytes(Version)]);
        header.AddRange(BitConverter.GetBytes(TensorCount ?? (ulong)Tensors.Count));
        header.AddRange(BitConverter.GetBytes(KeyCount ?? (ulong)Keys.Count));
        foreach (var (key, type, value) in Keys)
            header.AddRange([.. Text(key), .. BitConverter.GetBytes(type), .. value]);
        var data = new List<byte>();
        foreach (var tensor in Tensors)
        {
            header.AddRange([.. Text(tensor.Name), .. BitConverter.GetBytes((uint)tensor.Dims.Length)]);
            foreach (var dim in tensor.Dims)
                header.AddRange(BitConverter.GetBytes(dim));
            header.AddRange([.. BitConverter.GetBytes(tensor.Type), .. BitConverter.GetBytes(tensor.Offset ?? (ulong)data.Count)]);
            data.AddRange(tensor.Data);
            Pad(data);
        }

        Pad(header);
        return [.. header, .. data];
    }

    public static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. BitConverter.GetBytes((ulong)bytes.Length), .. bytes];
    }

    private static byte[] Array(GgufKind kind, IEnumerable<byte[]> values)
    {
        var all = values.ToList();
        return [.. BitConverter.GetBytes((uint)kind), .. BitConverter.GetBytes((ulong)all.Count), .. all.SelectMany(bytes => bytes)];
    }

    private void AddTokenizer()
    {
        Set("tokenizer.ggml.model", "gpt2");
        Set("tokenizer.ggml.pre", "qwen2");
        Set("tokenizer.ggml.tokens", Tokens);
        Set("tokenizer.ggml.token_type", [.. Enumerable.Repeat(1, 259), 4, 3, 3]);
        Set("tokenizer.ggml.merges", ["h e", "l l", "he ll"]);
        Set("tokenizer.ggml.eos_token_id", 261u);
        Set("tokenizer.ggml.add_bos_token", false);
        Set("tokenizer.chat_template", "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}");
    }

    private void AddTensors()
    {
        Add("token_embd.weight", 8, Hidden, 262);
        Add("output.weight", 8, Hidden, 262);
        Add("output_norm.weight", 0, Hidden);
        Add("blk.0.attn_norm.weight", 0, Hidden);
        Add("blk.0.ffn_norm.weight", 0, Hidden);
        Add("blk.0.attn_q.weight", 2, Hidden, 32);
        Add("blk.0.attn_k.weight", 1, Hidden, 16);
        Add("blk.0.attn_v.weight", 30, Hidden, 16);
        Add("blk.0.attn_output.weight", 8, 32, Hidden);
        Add("blk.0.attn_q_norm.weight", 0, 16);
        Add("blk.0.attn_k_norm.weight", 0, 16);
        Add("blk.0.ffn_gate_inp.weight", 0, Hidden, 2);
        Add("blk.0.ffn_gate_exps.weight", 8, Hidden, 32, 2);
        Add("blk.0.ffn_up_exps.weight", 8, Hidden, 32, 2);
        Add("blk.0.ffn_down_exps.weight", 39, 32, Hidden, 2);
    }

    /// <summary>Adds a tensor of small values.</summary>
    public void Add(string name, int type, params ulong[] dims)
    {
        var stored = BlockTypes.Find(type)!.Stored;
        var elements = dims.Aggregate(1UL, (product, dim) => product * dim);
        var data = new byte[(int)elements / stored.BlockElements * stored.BlockBytes];
        // No scale and no float of such bytes is infinite.
        for (var i = 0; i < data.Length; i++)
            data[i] = (byte)(i * 5 % 48);
        // Bytes of a power of two, about as large.
        for (var i = 0; stored.Name == "MXFP4" && i < data.Length; i += stored.BlockBytes)
            data[i] = (byte)(104 + (data[i] % 32));
        Tensors.Add(new GgufBytesTensor(name, type, dims, data));
    }

    private void Pad(List<byte> bytes) => bytes.AddRange(new byte[(Alignment - (bytes.Count % Alignment)) % Alignment]);
}

/// <summary>One tensor of a file that a test makes.</summary>
internal sealed class GgufBytesTensor(string name, int type, ulong[] dims, byte[] data)
{
    public string Name { get; set; } = name;

    public int Type { get; set; } = type;

    public ulong[] Dims { get; set; } = dims;

    public byte[] Data { get; set; } = data;

    public ulong? Offset { get; set; }
}
