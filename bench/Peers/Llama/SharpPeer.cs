using System.Numerics.Tensors;
using LLama;
using LLama.Common;
using LLama.Native;

namespace AkkaCp.Bench.Peers.Llama;

/// <summary>LLamaSharp with a model, as its package brings it: llama.cpp of its own version and build, without a thread pool that stays.
/// </summary>
internal sealed class SharpPeer : IPeer
{
    private readonly ModelParams _parameters;
    private readonly LLamaWeights _weights;
    private LlamaOptions? _options;
    private LLamaContext? _context;

    /// <summary>Loads.</summary>
    public SharpPeer(string gguf, int threads, int contextTokens)
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        _parameters = new ModelParams(gguf)
        {
            ContextSize = (uint)contextTokens,
            BatchSize = (uint)contextTokens,
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = 0,
        };
        _weights = LLamaWeights.LoadFromFile(_parameters);
    }

    /// <inheritdoc/>
    public string Name => "LLamaSharp";

    /// <inheritdoc/>
    public string Info => "its own build of llama.cpp (LLamaSharp.Backend.Cpu)";

    /// <inheritdoc/>
    public void Use(LlamaOptions options)
    {
        if (options != _options)
        {
            _context?.Dispose();
            _parameters.UBatchSize = (uint)options.UbatchTokens;
            _parameters.FlashAttention = options.FlashAttention;
            _context = _weights.CreateContext(_parameters);
            _options = options;
        }

        _context!.NativeHandle.MemoryClear(false);
    }

    /// <inheritdoc/>
    public int Run(ReadOnlySpan<int> tokens, int firstPosition)
    {
        var batch = new LLamaBatch();
        for (var i = 0; i < tokens.Length; i++)
            batch.Add(tokens[i], firstPosition + i, LLamaSeqId.Zero, i == tokens.Length - 1);

        var result = _context!.NativeHandle.Decode(batch);
        if (result != DecodeResult.Ok)
            throw new InvalidOperationException($"LLamaSharp, decode: expected {DecodeResult.Ok}, found {result}");

        return TensorPrimitives.IndexOfMax<float>(_context.NativeHandle.GetLogitsIth(tokens.Length - 1));
    }

    public void Dispose()
    {
        _context?.Dispose();
        _weights.Dispose();
    }
}
