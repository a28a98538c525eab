using System.Runtime.InteropServices;

namespace AkkaCp.Bench.Peers.Llama;

// Layouts of llama.h and ggml-cpu.h at llama.cpp v0.5.0, which the npm package holds. Fields that nobody sets keep what the library's
// own defaults function gave them; they are here for their places.

/// <summary>llama_model_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaModelParams
{
    public nint Devices, TensorBuftOverrides;
    public int GpuLayers, SplitMode, LoadMode, LazyMode, MainGpu;
    public nint TensorSplit, ProgressCallback, ProgressUser, KvOverrides;
    public byte VocabOnly, CheckTensors, UseExtraBufts, NoHost, NoAlloc, LoadMtp;
}

/// <summary>llama_context_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LlamaContextParams
{
    public uint ContextTokens, BatchTokens, UbatchTokens, MaxSequences, RsSequences, MaxOutputs, MaxOutputsPerSequence;
    public int Threads, ThreadsBatch, ContextType, RopeScalingType, PoolingType, AttentionType, FlashAttentionType;
    public float RopeFreqBase, RopeFreqScale, YarnExtFactor, YarnAttnFactor, YarnBetaFast, YarnBetaSlow;
    public uint YarnOrigContext;
    public float DefragThreshold;
    public nint EvalCallback, EvalUser;
    public int TypeK, TypeV;
    public nint AbortCallback, AbortData;
    public byte Embeddings, OffloadKqv, NoPerf, OpOffload, SwaFull, KvUnified;
    public nint Samplers;
    public nuint SamplerCount;
    public nint OtherContext;
}

/// <summary>llama_batch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Token;
    public float* Embedding;
    public int* Position;
    public int* SequenceCount;
    public int** SequenceIds;
    public sbyte* WantsLogits;
}

/// <summary>ggml_threadpool_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlThreadpoolParams
{
    public fixed byte CpuMask[512];
    public int Threads, Priority;
    public uint Poll;
    public byte StrictCpu, Paused;
}
