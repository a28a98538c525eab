using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>A step calls operators thousands of times: none of them leaves work to the garbage collector.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int T = 40;
    private const int H = 64;
    private const int Experts = 16;
    private const int Choices = 4;
    private const int Heads = 8;
    private const int KvHeads = 2;
    private const int D = 32;
    private const int BlockSize = 16;
    private const int Blocks = 100;

    private readonly List<IDisposable> _owned = [];

    public static TheoryData<string, int> Calls
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var name in new AllocationTests().Operators(null).Keys)
            {
                data.Add(name, 1);
                data.Add(name, 3);
            }

            return data;
        }
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
            owned.Dispose();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void ARepeatedCall_AllocatesNoManagedMemory(string name, int threads)
    {
        var device = new CpuDevice(new CpuDeviceOptions { Threads = threads });
        _owned.Add(device);
        var call = Operators(device)[name];
        call();

        var bytes = Allocated.ByQuietest(() =>
        {
            for (var repeat = 0; repeat < 4; repeat++)
                call();
        });
        Assert.True(bytes == 0, $"{name} on {threads} threads: {bytes} bytes in 4 calls");
    }

    // Without a device: names only.
    private Dictionary<string, Action> Operators(CpuDevice? device)
    {
        var calls = new Dictionary<string, Action>();
        var (x, y, z) = (Rent(device, T, H), Rent(device, T, H), Rent(device, T, H));
        var half = Rent(device, T, H / 2);
        var (gamma, bf16) = (Rent(device, H), Rent(device, DType.BF16, T, H));
        calls["RmsNorm"] = () => device!.RmsNorm(x!, gamma!, 1e-6f, y!);
        calls["AddRmsNorm"] = () => device!.AddRmsNorm(x!, y!, gamma!, 1e-6f, Slice(z), x!);
        calls["Add"] = () => device!.Add(x!, y!, z!);
        calls["Swiglu"] = () => device!.Swiglu(x!, half!);
        calls["Cast"] = () => device!.Cast(x!, bf16!);
        AddRotary(calls, device);
        AddProducts(calls, device, x, y);
        AddMixture(calls, device, x, y);
        AddCache(calls, device);
        AddAttention(calls, device);
        calls["Views"] = () => _ = x!.View.Slice(3, 7).Columns(2, 5).Slice(1, 2).Columns(0, 4).Rows
            + x.View.Reshape(T, 4, H / 4).Slice(1, 3).Rows;
        return calls;
    }

    private void AddRotary(Dictionary<string, Action> calls, CpuDevice? device)
    {
        var (heads, cos, sin) = (Rent(device, T, Heads, D), Rent(device, T, D / 2), Rent(device, T, D / 2));
        var gamma = Rent(device, D);
        calls["RotaryMul"] = () => device!.RotaryMul(heads!, cos!, sin!);
        calls["QRmsNormRope"] = () => device!.QRmsNormRope(heads!, gamma!, cos!, sin!, 1e-6f);
        var kv = Rent(device, T, 2 * KvHeads * D);
        var (keys, values) =
            (Rent(device, DType.BF16, Blocks, BlockSize, KvHeads, D), Rent(device, DType.BF16, Blocks, BlockSize, KvHeads, D));
        int[] slots = [.. Enumerable.Range(0, T).Select(t => t * 3)];
        calls["KvRmsNormRopeCache"] = () => device!.KvRmsNormRopeCache(kv!, gamma!, cos!, sin!, slots, keys!, values!, 1e-6f);
    }

    private void AddProducts(Dictionary<string, Action> calls, CpuDevice? device, Tensor x, Tensor y)
    {
        foreach (var dtype in RowTypes.All)
        {
            PackedMatrix[]? weights = device is null ? null : [device.CreateMatrix(H, H, dtype), device.CreateMatrix(H, H, dtype)];
            foreach (var matrix in weights ?? [])
            {
                _owned.Add(matrix);
                for (var row = 0; row < H; row++)
                    matrix.Pack(row, new float[H]);
            }

            int[] groups = [11, T];
            calls[$"MatMul {dtype}"] = () => device!.MatMul(x!, weights![0], null, y!);
            calls[$"MatMul {dtype}, one row"] = () => device!.MatMul(x!.View.Slice(2, 1), weights![0], null, y!.View.Slice(2, 1));
            PackedMatrix[]? gated = device is null ? null : [device.CreateGatedMatrix(H, H, dtype), device.CreateGatedMatrix(H, H, dtype)];
            foreach (var matrix in gated ?? [])
            {
                _owned.Add(matrix);
                matrix.Pack(0, new float[2 * H * H]);
            }

            int[] rows = [.. Enumerable.Range(0, T).Select(t => t / 2)];
            calls[$"MatMulSwiglu {dtype}"] = () => device!.MatMulSwiglu(x!, gated![0], y!);
            calls[$"GroupedMatMulSwiglu {dtype}"] = () => device!.GroupedMatMulSwiglu(x!.View.Slice(0, T / 2), rows, gated!, groups, y!);
            calls[$"GroupedMatMul {dtype}"] = () => device!.GroupedMatMul(x!, weights!, groups, y!);
        }
    }

    private void AddMixture(Dictionary<string, Action> calls, CpuDevice? device, Tensor x, Tensor y)
    {
        var (logits, weights, expanded) = (Rent(device, T, Experts), Rent(device, T, Choices), Rent(device, T * Choices, H));
        var (experts, places, groups) = (new int[T * Choices], new int[T * Choices], new int[Experts]);
        var gate = () => device!.MoeGatingTopKSoftmax(logits!, renormalize: true, weights!, experts);
        var route = () => device!.MoeInitRouting(x!, experts, 0, expanded!, places, groups);
        calls["MoeGatingTopKSoftmax"] = gate;
        calls["MoeInitRouting"] = () =>
        {
            gate();
            route();
        };
        var source = new int[T * Choices];
        calls["MoeInitRouting without copies"] = () => device!.MoeInitRouting(experts, Choices, 0, source, places, groups);
        calls["MoeFinalizeRouting"] = () =>
        {
            gate();
            route();
            device!.MoeFinalizeRouting(expanded!, weights!, places, y!);
        };
    }

    private void AddCache(Dictionary<string, Action> calls, CpuDevice? device)
    {
        var (key, value) = (Rent(device, T, KvHeads, D), Rent(device, T, KvHeads, D));
        var (keys, values) =
            (Rent(device, DType.BF16, Blocks, BlockSize, KvHeads, D), Rent(device, DType.BF16, Blocks, BlockSize, KvHeads, D));
        var (table, rows) = (Rent(device, DType.BF16, 100, H), Rent(device, T, H));
        int[] slots = [.. Enumerable.Range(0, T).Select(t => t * 3)];
        calls["ScatterPaKvCache"] = () => device!.ScatterPaKvCache(key!, value!, keys!, values!, slots);
        calls["IndexSelect"] = () => device!.IndexSelect(table!, slots.AsSpan(0, 30), rows!.View.Slice(0, 30));
    }

    private void AddAttention(Dictionary<string, Action> calls, CpuDevice? device)
    {
        foreach (var (name, q, k) in new[] { ("prompt", T, T), ("decode over several segments", 1, 1500) })
        {
            foreach (var dtype in new[] { DType.F32, DType.BF16 })
            {
                var (query, output, lse) = (Rent(device, q, Heads, D), Rent(device, q, Heads, D), Rent(device, q, Heads, 1));
                var (keys, values) =
                    (Rent(device, dtype, Blocks, BlockSize, KvHeads, D), Rent(device, dtype, Blocks, BlockSize, KvHeads, D));
                int[] lengths = [q];
                int[] keyLengths = [k];
                int[] table = [.. Enumerable.Range(0, Blocks).Reverse()];
                calls[$"FusedInferAttentionScore {dtype}, {name}"] = () => device!.FusedInferAttentionScore(new FiaArguments
                {
                    Query = query!,
                    Key = keys!,
                    Value = values!,
                    Output = output!,
                    SoftmaxLse = lse!.View,
                    NumHeads = Heads,
                    NumKeyValueHeads = KvHeads,
                    SparseMode = 3,
                    AttenMask = FiaMask.Compressed,
                    ActualSeqLengths = lengths,
                    ActualSeqLengthsKv = keyLengths,
                    BlockTable = table,
                    BlockTableRows = 1,
                    BlockSize = BlockSize,
                });
            }
        }
    }

    private static TensorView Slice(Tensor tensor) => tensor!.View.Slice(0, T);

    private Tensor Rent(CpuDevice? device, params int[] shape) => Rent(device, DType.F32, shape);

    private Tensor Rent(CpuDevice? device, DType dtype, params int[] shape)
    {
        if (device is null)
            return default;

        var tensor = device.Memory.Rent(dtype, shape);
        tensor.View.Bytes().Clear();
        if (dtype == DType.F32)
        {
            var rng = new Rng(7);
            foreach (ref var value in tensor.View.SpanF32())
                value = rng.Floats(1)[0];
        }

        _owned.Add(tensor);
        return tensor;
    }
}
