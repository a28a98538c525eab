using System.Runtime.InteropServices;

namespace AkkaCp.Bench.Peers.Llama;

/// <summary>
/// llama.cpp with a model (K and V in F16, weights repacked at load where it can), and a thread pool that stays, which its decode needs
/// to be fast.
/// </summary>
internal sealed unsafe class LlamaPeer : IPeer
{
    private readonly nint _model;
    private readonly nint _pool;
    private readonly int _threads;
    private readonly int _contextTokens;
    private readonly int _vocabSize;
    private LlamaOptions? _options;
    private nint _context;

    /// <summary>Loads; <see cref="LlamaNative.Load"/> comes before, <see cref="Use"/> before the first run.</summary>
    /// <exception cref="InvalidOperationException">The library refuses the file.</exception>
    public LlamaPeer(string gguf, int threads, int contextTokens, int vocabSize)
    {
        (_threads, _contextTokens, _vocabSize) = (threads, contextTokens, vocabSize);
        _model = LlamaNative.ModelLoad(gguf, LlamaNative.ModelDefaults());
        if (_model == 0)
            throw new InvalidOperationException($"llama.cpp: expected a model in {gguf}, found none that it can load");
        _pool = CreatePool(threads);
    }

    /// <inheritdoc/>
    public string Name => "llama.cpp";

    /// <inheritdoc/>
    public string Info => Marshal.PtrToStringUTF8((nint)LlamaNative.SystemInfo()) ?? "";

    /// <inheritdoc/>
    public void Use(LlamaOptions options)
    {
        if (options == _options)
        {
            LlamaNative.MemoryClear(LlamaNative.Memory(_context), false);
            return;
        }

        FreeContext();
        var parameters = LlamaNative.ContextDefaults();
        parameters.ContextTokens = parameters.BatchTokens = (uint)_contextTokens;
        parameters.UbatchTokens = (uint)options.UbatchTokens;
        parameters.FlashAttentionType = options.FlashAttention ? 1 : 0;
        parameters.MaxSequences = 1;
        parameters.Threads = parameters.ThreadsBatch = _threads;
        _context = LlamaNative.ContextCreate(_model, parameters);
        if (_context == 0)
            throw new InvalidOperationException($"llama.cpp: no context of {_contextTokens} tokens with {options}");
        _options = options;
        LlamaNative.AttachThreadpool(_context, _pool, _pool);
    }

    /// <inheritdoc/>
    public int Run(ReadOnlySpan<int> tokens, int firstPosition)
    {
        var batch = LlamaNative.BatchCreate(tokens.Length, 0, 1);
        batch.Count = tokens.Length;
        for (var i = 0; i < tokens.Length; i++)
        {
            batch.Token[i] = tokens[i];
            batch.Position[i] = firstPosition + i;
            batch.SequenceCount[i] = 1;
            batch.SequenceIds[i][0] = 0;
            batch.WantsLogits[i] = (sbyte)(i == tokens.Length - 1 ? 1 : 0);
        }

        var code = LlamaNative.Decode(_context, batch);
        LlamaNative.Synchronize(_context);
        LlamaNative.BatchFree(batch);
        if (code != 0)
            throw new InvalidOperationException($"llama_decode: expected 0, found {code}");
        return System.Numerics.Tensors.TensorPrimitives.IndexOfMax(
            new ReadOnlySpan<float>(LlamaNative.Logits(_context, tokens.Length - 1), _vocabSize));
    }

    public void Dispose()
    {
        FreeContext();
        ((delegate* unmanaged[Cdecl]<nint, void>)CpuProcedure("ggml_threadpool_free"))(_pool);
        LlamaNative.ModelFree(_model);
    }

    private void FreeContext()
    {
        if (_context == 0)
            return;
        LlamaNative.DetachThreadpool(_context);
        LlamaNative.ContextFree(_context);
        (_context, _options) = (0, null);
    }

    private static nint CreatePool(int threads)
    {
        GgmlThreadpoolParams parameters;
        LlamaNative.ThreadpoolDefaults(&parameters, threads);
        return ((delegate* unmanaged[Cdecl]<GgmlThreadpoolParams*, nint>)CpuProcedure("ggml_threadpool_new"))(&parameters);
    }

    private static nint CpuProcedure(string name)
    {
        var procedure = LlamaNative.Procedure(LlamaNative.RegistryOf(LlamaNative.DeviceByType(LlamaNative.CpuDeviceType)), name);
        return procedure != 0 ? procedure : throw new EntryPointNotFoundException($"ggml: expected {name} of the CPU backend, found none");
    }
}
