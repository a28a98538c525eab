using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>The variants that this machine can run, best first, and why the others cannot.</summary>
internal sealed class KernelCatalogue
{
    /// <summary>The environment variable that forces a variant.</summary>
    public const string Variable = "AKKACP_KERNELS";

    private const string VnniName = "vnni-avx512";

    // Code is assembled once and is the same for all devices of the process; nothing in it ever changes.
    private static readonly Lazy<KernelCatalogue> s_machine = new(() =>
    {
        var memory = new LinuxCodeMemory();
        return new KernelCatalogue(CpuFeatures.Read(memory), memory);
    });

    private readonly List<KernelVariant> _variants = [];
    private readonly List<(string Name, string Reason)> _missing = [];

    /// <summary>Finds what a processor with these features can run.</summary>
    public KernelCatalogue(CpuFeatures cpu, ICodeMemory memory)
    {
        var bytes512 = Portable<ByteSimd512, Vector512<int>>(cpu);
        var vnni = AssembleVnni(cpu, memory, bytes512);
        AddAssembled(cpu, memory, vnni ?? bytes512);
        AddAmx(cpu, memory);
        if (vnni is not null)
            _variants.Add(new PortableKernels<Simd512, Vector512<float>>(VnniName, vnni));

        Add(Vector512.IsHardwareAccelerated, new PortableKernels<Simd512, Vector512<float>>("avx512", bytes512));
        var bytes256 = Portable<ByteSimd256, Vector256<int>>(cpu);
        AddAvx2(cpu, memory, bytes256);
        Add(Vector256.IsHardwareAccelerated, new PortableKernels<Simd256, Vector256<float>>("vector256", bytes256));
        Add(Vector128.IsHardwareAccelerated,
            new PortableKernels<Simd128, Vector128<float>>("vector128", Portable<ByteSimd128, Vector128<int>>(cpu)));
        Add(true, new PortableKernels<SimdScalar, float>("scalar", Portable<ByteSimdScalar, int>(cpu)));
    }

    /// <summary>This machine's.</summary>
    public static KernelCatalogue Machine => s_machine.Value;

    /// <summary>Best first; the last one runs everywhere.</summary>
    public IReadOnlyList<KernelVariant> Available => _variants;

    /// <summary>The best variant, or the one that <paramref name="forced"/> names.</summary>
    /// <param name="forced">A name; null or empty: the best.</param>
    /// <param name="source">Where that name comes from, for messages.</param>
    /// <exception cref="KernelsUnavailableException">No such variant, or not on this machine.</exception>
    public (KernelVariant Variant, KernelChoice Choice) Choose(string? forced, string source)
    {
        if (string.IsNullOrEmpty(forced))
        {
            var best = _variants[0];
            return (best, Describe(best, _missing.Count == 0 ? "best of this machine" : $"best of this machine; {Missing()}"));
        }

        var variant = _variants.Find(v => v.Name == forced) ?? throw Unavailable(forced, source);
        return (variant, Describe(variant, $"forced by {source}"));
    }

    private static KernelChoice Describe(KernelVariant variant, string reason) => new(variant.Name, reason, variant.Numerics);

    private static IntegerKernels Portable<TSimd, TVector>(CpuFeatures cpu)
        where TSimd : struct, IByteSimd<TVector>
        where TVector : struct =>
        new(new PortableI8Kernels<TSimd, TVector>(),
            new GroupKernelSet(layout => new GroupTile<TSimd, TVector>(layout), cpu.L2Bytes));

    // Where memory cannot be had after all, the portable ones, whose bits are the same.
    private static ProductTiles GroupTiles(TileForm form, ICodeMemory memory, GroupKernels portable) =>
        TileCode.TryAssemble(form, memory, out var tiles, out _) ? tiles : portable.Tiles;

    private IntegerKernels? AssembleVnni(CpuFeatures cpu, ICodeMemory memory, IntegerKernels portable)
    {
        if (!cpu.Avx512Vnni)
        {
            _missing.Add(
                (VnniName, cpu.Avx512 ? "the processor has no AVX-512 VNNI" : "no AVX-512, or the runtime was told not to use it"));
            return null;
        }

        if (!TileCode.TryAssemble(TileForm.Zmm(WordProduct.I8), memory, out var tiles, out var refusal))
        {
            _missing.Add((VnniName, refusal));
            return null;
        }

        return new IntegerKernels(
            new AssembledI8Kernels(tiles, new AssembledBlocking(cpu.L2Bytes, TileAssembler.MaxRows)),
            new GroupKernelSet(layout => GroupTiles(TileForm.GroupZmm(layout), memory, portable.Groups[layout.Format.DType]), cpu.L2Bytes));
    }

    private void AddAssembled(CpuFeatures cpu, ICodeMemory memory, IntegerKernels integers)
    {
        const string Name = AssembledKernels.VariantName;
        if (!cpu.Avx512BF16)
        {
            _missing.Add((Name, cpu.Avx512 ? "the processor has no AVX-512 BF16" : "no AVX-512, or the runtime was told not to use it"));
        }
        else if (!TileCode.TryAssemble(TileForm.Zmm(WordProduct.F32), memory, out var f32, out var refusal)
            || !TileCode.TryAssemble(TileForm.Zmm(WordProduct.BF16), memory, out var bf16, out refusal))
        {
            _missing.Add((Name, refusal));
        }
        else
        {
            // Few models have F8 weights, and a start would wait milliseconds for their tiles.
            var f8 = new Lazy<ProductTiles?>(
                () => TileCode.TryAssemble(TileForm.Zmm(WordProduct.ScaledBF16), memory, out var tiles, out _) ? tiles : null);
            _variants.Add(new AssembledKernels(f32, bf16, f8, integers, new AssembledBlocking(cpu.L2Bytes, TileAssembler.MaxRows)));
        }
    }

    // What AMX does not do it leaves to the assembled kernels on vectors, so it needs them.
    private void AddAmx(CpuFeatures cpu, ICodeMemory memory)
    {
        const string Name = AmxKernels.VariantName;
        if (cpu.NoAmx is not null)
        {
            _missing.Insert(0, (Name, cpu.NoAmx));
        }
        else if (_variants.OfType<AssembledKernels>().FirstOrDefault() is not { } vectors)
        {
            _missing.Insert(0, (Name, $"it needs {AssembledKernels.VariantName}"));
        }
        else if (!AmxCode.TryAssemble(WordProduct.BF16, memory, out var bf16, out var refusal)
            || !AmxCode.TryAssemble(WordProduct.I8, memory, out var i8, out refusal))
        {
            _missing.Insert(0, (Name, refusal));
        }
        else
        {
            _variants.Insert(0, new AmxKernels(vectors, bf16, i8, cpu.L2Bytes));
        }
    }

    private void AddAvx2(CpuFeatures cpu, ICodeMemory memory, IntegerKernels portable)
    {
        const string Name = Avx2Kernels.VariantName;
        if (!cpu.Avx2)
        {
            _missing.Add((Name, "no AVX2, FMA and F16C, or the runtime was told not to use them"));
        }
        else if (!TileCode.TryAssemble(TileForm.Ymm(WordProduct.F32), memory, out var f32, out var refusal)
            || !TileCode.TryAssemble(TileForm.Ymm(WordProduct.BF16), memory, out var bf16, out refusal)
            || !TileCode.TryAssemble(
                cpu.AvxVnni ? TileForm.Ymm(WordProduct.I8) : TileForm.I8Ymm(), memory, out var i8, out refusal))
        {
            _missing.Add((Name, refusal));
        }
        else
        {
            var blocking = new AssembledBlocking(cpu.L2Bytes, YmmTileAssembler.MaxRows);
            var integers = new IntegerKernels(
                new AssembledI8Kernels(i8, new AssembledBlocking(cpu.L2Bytes, i8.MaxRows), isDot: cpu.AvxVnni),
                new GroupKernelSet(
                    layout => GroupTiles(TileForm.GroupYmm(layout), memory, portable.Groups[layout.Format.DType]), cpu.L2Bytes));
            _variants.Add(new Avx2Kernels(f32, bf16, integers, memory, blocking));
        }
    }

    private void Add(bool accelerated, KernelVariant variant)
    {
        if (accelerated)
            _variants.Add(variant);
        else
            _missing.Add((variant.Name, "the processor has no such vectors, or the runtime was told not to use them"));
    }

    private string Missing() => string.Join("; ", _missing.Select(m => $"no {m.Name}: {m.Reason}"));

    private KernelsUnavailableException Unavailable(string forced, string source)
    {
        var elsewhere = _missing.Count == 0 ? "" : $"; on other machines: {string.Join(", ", _missing.Select(m => m.Name))}";
        var why = _missing.Find(m => m.Name == forced).Reason ?? $"there are no kernels of that name{elsewhere}";
        var available = string.Join(", ", _variants.Select(v => v.Name));
        return new KernelsUnavailableException(source, forced, $"{why}. Available here: {available}.");
    }
}
