using System.Reflection;
using System.Runtime.InteropServices;

namespace AkkaCp.Bench.Peers.Llama;

/// <summary>The functions of llama.cpp's libraries that the comparison calls.</summary>
internal static unsafe partial class LlamaNative
{
    /// <summary>Type of ggml's CPU device.</summary>
    public const int CpuDeviceType = 0;

    /// <summary>Loads the libraries of a folder: llama, ggml, ggml-base, and the CPU variant that fits this machine best.</summary>
    /// <exception cref="FileNotFoundException">They are not there.</exception>
    public static void Load(string folder)
    {
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(),
            (name, _, _) => name is "llama" or "ggml" or "ggml-base" ? NativeLibrary.Load(Find(folder, name)) : 0);
        LogSet(&Ignore, 0);
        LoadBackends(folder);
        if (BackendCount() == 0)
            throw new FileNotFoundException($"{folder}: expected a ggml backend for this processor, found none");
        BackendInit();
    }

    [LibraryImport("llama", EntryPoint = "llama_model_default_params")]
    public static partial LlamaModelParams ModelDefaults();

    [LibraryImport("llama", EntryPoint = "llama_context_default_params")]
    public static partial LlamaContextParams ContextDefaults();

    [LibraryImport("llama", EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ModelLoad(string path, LlamaModelParams parameters);

    [LibraryImport("llama", EntryPoint = "llama_init_from_model")]
    public static partial nint ContextCreate(nint model, LlamaContextParams parameters);

    [LibraryImport("llama", EntryPoint = "llama_free")]
    public static partial void ContextFree(nint context);

    [LibraryImport("llama", EntryPoint = "llama_model_free")]
    public static partial void ModelFree(nint model);

    [LibraryImport("llama", EntryPoint = "llama_print_system_info")]
    public static partial byte* SystemInfo();

    [LibraryImport("llama", EntryPoint = "llama_batch_init")]
    public static partial LlamaBatch BatchCreate(int tokens, int embedding, int sequences);

    [LibraryImport("llama", EntryPoint = "llama_batch_free")]
    public static partial void BatchFree(LlamaBatch batch);

    [LibraryImport("llama", EntryPoint = "llama_decode")]
    public static partial int Decode(nint context, LlamaBatch batch);

    [LibraryImport("llama", EntryPoint = "llama_synchronize")]
    public static partial void Synchronize(nint context);

    [LibraryImport("llama", EntryPoint = "llama_get_logits_ith")]
    public static partial float* Logits(nint context, int index);

    [LibraryImport("llama", EntryPoint = "llama_get_memory")]
    public static partial nint Memory(nint context);

    [LibraryImport("llama", EntryPoint = "llama_memory_clear")]
    public static partial void MemoryClear(nint memory, [MarshalAs(UnmanagedType.U1)] bool data);

    [LibraryImport("llama", EntryPoint = "llama_attach_threadpool")]
    public static partial void AttachThreadpool(nint context, nint pool, nint batchPool);

    [LibraryImport("llama", EntryPoint = "llama_detach_threadpool")]
    public static partial void DetachThreadpool(nint context);

    [LibraryImport("ggml", EntryPoint = "ggml_backend_dev_by_type")]
    public static partial nint DeviceByType(int type);

    [LibraryImport("ggml-base", EntryPoint = "ggml_backend_dev_backend_reg")]
    public static partial nint RegistryOf(nint device);

    [LibraryImport("ggml-base", EntryPoint = "ggml_backend_reg_get_proc_address", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Procedure(nint registry, string name);

    [LibraryImport("ggml-base", EntryPoint = "ggml_threadpool_params_init")]
    public static partial void ThreadpoolDefaults(GgmlThreadpoolParams* parameters, int threads);

    [LibraryImport("ggml", EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void LoadBackends(string folder);

    [LibraryImport("ggml", EntryPoint = "ggml_backend_reg_count")]
    private static partial nuint BackendCount();

    [LibraryImport("llama", EntryPoint = "llama_backend_init")]
    private static partial void BackendInit();

    [LibraryImport("llama", EntryPoint = "llama_log_set")]
    private static partial void LogSet(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint user);

    // GGML_LOG_LEVEL_ERROR is 4; 5 continues the line before.
    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void Ignore(int level, byte* text, nint user)
    {
        if (level == 4)
            Console.Error.Write(Marshal.PtrToStringUTF8((nint)text));
    }

    // Some are named with the version: libllama.v0.5.0.so.
    private static string Find(string folder, string name) =>
        Directory.GetFiles(folder, $"lib{name}*.so").FirstOrDefault(
            file => Path.GetFileName(file) == $"lib{name}.so"
                || Path.GetFileName(file).StartsWith($"lib{name}.v", StringComparison.Ordinal))
        ?? throw new FileNotFoundException($"{folder}: expected lib{name}.so, found none; bench/peers.sh fetches it");
}
