namespace AkkaCp.Npu;

/// <summary>
/// An NPU: memory, one stream of execution, and operators named as CANN names them (without npu_ / aclnn). It knows shapes, never a
/// model; collectives are not its business. Operators run when called, on the calling thread and the device's workers, and are done
/// when they return; one thread at a time calls a device. Letters: T tokens, H hidden, N outputs, K inputs, E experts, D head dim.
/// Every operator throws <see cref="NpuShapeException"/> before it writes anything when an argument does not fit.
/// A row's result depends on that row alone, never on its neighbours, on T, or on the number of workers.
/// </summary>
public interface INpuDevice : IDisposable
{
    /// <summary>Name for logs, with the kernels in use.</summary>
    string Name { get; }

    /// <summary>Tensor memory, with its counters.</summary>
    TensorPool Memory { get; }

    /// <summary>Runs tasks one after another on the device's own thread, which is worker 0.</summary>
    TaskScheduler Stream { get; }

    /// <summary>A tensor for weights that no product reads: norms, biases, tables. It does not count in <see cref="Memory"/>, and like a
    /// matrix it may outlive the device; the caller fills and disposes it.</summary>
    Tensor CreateTensor(DType dtype, params ReadOnlySpan<int> shape);

    /// <summary>An empty weight matrix [n, k] in this device's packed layout; the caller fills and disposes it.</summary>
    PackedMatrix CreateMatrix(int n, int k, DType dtype);

    /// <summary>An empty weight matrix [2f, k] for <see cref="MatMulSwiglu"/> and <see cref="GroupedMatMulSwiglu"/>: f rows of gate, then f
    /// of up, kept as those operators read them; the caller fills and disposes it.</summary>
    PackedMatrix CreateGatedMatrix(int f, int k, DType dtype);

    /// <summary>y = x·Wᵀ (+ bias) (CANN aclnnMatmul, linear).</summary>
    /// <remarks>
    /// With I8 weights it is CANN npu_dynamic_quant and npu_quant_matmul in one: each row of x becomes q = round(x / s), to nearest even,
    /// s = max|x| / 127; y = (Σ q·w)·s_w·s (+ bias), the sum exact. A row of zeros gives zeros, one with a NaN or an infinity NaN.
    /// </remarks>
    /// <param name="x">[T, K] F32; rows may have a stride.</param>
    /// <param name="w">[N, K].</param>
    /// <param name="bias">[N] F32, or null.</param>
    /// <param name="y">[T, N] F32; rows may have a stride; no overlap with x.</param>
    void MatMul(TensorView x, PackedMatrix w, TensorView? bias, TensorView y);

    /// <summary>For each group g: y[rows of g] = x[rows of g]·W_gᵀ (CANN npu_grouped_matmul, group_list cumulative).</summary>
    /// <param name="x">[R, K] F32, rows sorted by group.</param>
    /// <param name="w">One [N, K] matrix for each group, all of the same shape and type; I8 as in <see cref="MatMul"/>.</param>
    /// <param name="groupList">Cumulative row counts, one for each group; the last one equals R.</param>
    /// <param name="y">[R, N] F32, no overlap with x.</param>
    void GroupedMatMul(TensorView x, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y);

    /// <summary>y = silu(x·Wgᵀ) · x·Wuᵀ, the bits of <see cref="MatMul"/> and <see cref="Swiglu"/> without [T, 2F] in memory.</summary>
    /// <param name="x">[T, K] F32; rows may have a stride.</param>
    /// <param name="w">[2F, K] of <see cref="CreateGatedMatrix"/>; I8 as in <see cref="MatMul"/>.</param>
    /// <param name="y">[T, F] F32; rows may have a stride; no overlap with x.</param>
    void MatMulSwiglu(TensorView x, PackedMatrix w, TensorView y);

    /// <summary>For each group g and row r of it: y[r] = silu(x[rowIndex[r]]·Wgᵀ) · x[rowIndex[r]]·Wuᵀ, W_g = [Wg; Wu] (CANN
    /// npu_grouped_matmul_swiglu_quant, group_list cumulative, but with y in F32). Row bits as in <see cref="MatMulSwiglu"/>.</summary>
    /// <param name="x">[T, K] F32; rows may have a stride.</param>
    /// <param name="rowIndex">[R] row of x for each row of y, sorted by group.</param>
    /// <param name="w">One [2F, K] of <see cref="CreateGatedMatrix"/> for each group, all of the same shape and type.</param>
    /// <param name="groupList">Cumulative row counts, one for each group; the last one equals R.</param>
    /// <param name="y">[R, F] F32; rows may have a stride; no overlap with x.</param>
    void GroupedMatMulSwiglu(
        TensorView x, ReadOnlySpan<int> rowIndex, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y);

    /// <summary>y = x / √(mean(x²) + eps) · gamma over the last dimension (CANN npu_rms_norm).</summary>
    /// <param name="x">[T, C] or [T, H, C] F32; may be the same memory as y.</param>
    /// <param name="gamma">[C] F32.</param>
    /// <param name="eps">Added to the mean.</param>
    /// <param name="y">Shape of x.</param>
    void RmsNorm(TensorView x, TensorView gamma, float eps, TensorView y);

    /// <summary>sum = x1 + x2; y = RmsNorm(sum) (CANN npu_add_rms_norm).</summary>
    /// <param name="x1">[T, C] F32.</param>
    /// <param name="x2">[T, C] F32.</param>
    /// <param name="gamma">[C] F32.</param>
    /// <param name="eps">Added to the mean.</param>
    /// <param name="y">[T, C]; may be the same memory as x2, no overlap with x1.</param>
    /// <param name="sum">[T, C]; may be the same memory as x1.</param>
    void AddRmsNorm(TensorView x1, TensorView x2, TensorView gamma, float eps, TensorView y, TensorView sum);

    /// <summary>x = x·cos + rotate_half(x)·sin in place (CANN npu_rotary_mul, half mode as in HF).</summary>
    /// <param name="x">[T, H, D] F32; rows may have a stride.</param>
    /// <param name="cos">[T, D/2] F32: the two halves of a head share their angles.</param>
    /// <param name="sin">[T, D/2] F32.</param>
    void RotaryMul(TensorView x, TensorView cos, TensorView sin);

    /// <summary>Each head of x: rms_norm, then rotary, in place, one pass with the bits of <see cref="RmsNorm"/> and
    /// <see cref="RotaryMul"/> (the query's part of CANN npu_qkv_rms_norm_rope_cache).</summary>
    /// <param name="x">[T, H, D] F32; rows may have a stride.</param>
    /// <param name="gamma">[D] F32.</param>
    /// <param name="cos">[T, D/2] F32.</param>
    /// <param name="sin">[T, D/2] F32.</param>
    /// <param name="eps">Added to the mean.</param>
    void QRmsNormRope(TensorView x, TensorView gamma, TensorView cos, TensorView sin, float eps);

    /// <summary>
    /// Each key head: rms_norm, then rotary; keys and values then go to their slots in the caches' type. One pass with the bits of
    /// <see cref="RmsNorm"/>, <see cref="RotaryMul"/> and <see cref="ScatterPaKvCache"/> (the key's and value's part of CANN
    /// npu_qkv_rms_norm_rope_cache; npu_kv_rmsnorm_rope_cache is its counterpart for MLA). Rows [R, 2·kvN·D] of a merged K‖V buffer
    /// are caches too: R blocks of one slot each.
    /// </summary>
    /// <param name="kv">[T, 2·kvN·D] F32: the key heads of a token, then its value heads; rows may have a stride.</param>
    /// <param name="gamma">[D] F32.</param>
    /// <param name="cos">[T, D/2] F32.</param>
    /// <param name="sin">[T, D/2] F32.</param>
    /// <param name="slotMapping">[T]: block · block size + offset, or -1 to skip the row.</param>
    /// <param name="keyCache">[blocks, block size, kvN, D], F32 or BF16: rounded to nearest even.</param>
    /// <param name="valueCache">[blocks, block size, kvN, D], of the same type; no overlap with anything.</param>
    /// <param name="eps">Added to the mean.</param>
    void KvRmsNormRopeCache(TensorView kv, TensorView gamma, TensorView cos, TensorView sin, ReadOnlySpan<int> slotMapping,
        TensorView keyCache, TensorView valueCache, float eps);

    /// <summary>Attention of packed, batched or paged sequences (CANN npu_fused_infer_attention_score).</summary>
    void FusedInferAttentionScore(in FiaArguments arguments);

    /// <summary>Softmax over E, the k largest, optionally scaled to sum 1 (CANN npu_moe_gating_top_k_softmax).</summary>
    /// <param name="logits">[T, E] F32.</param>
    /// <param name="renormalize">HF norm_topk_prob.</param>
    /// <param name="weights">[T, k] F32, largest first; equal ones by expert number.</param>
    /// <param name="experts">[T·k] expert numbers in the same order.</param>
    void MoeGatingTopKSoftmax(TensorView logits, bool renormalize, TensorView weights, Span<int> experts);

    /// <summary>Copies each token's row once for each of its experts in [firstExpert, firstExpert + groupList.Length), sorted by
    /// expert, then by token (CANN npu_moe_init_routing with an active expert range).</summary>
    /// <param name="x">[T, H] F32.</param>
    /// <param name="experts">[T·k] expert numbers.</param>
    /// <param name="firstExpert">First expert that this rank holds.</param>
    /// <param name="expandedX">[A, H], A = how many of <paramref name="experts"/> are in range.</param>
    /// <param name="expandedRowIdx">[T·k]: where the row of (token, choice) went, -1 when its expert is elsewhere.</param>
    /// <param name="groupList">Cumulative rows by expert of this rank.</param>
    void MoeInitRouting(TensorView x, ReadOnlySpan<int> experts, int firstExpert, TensorView expandedX,
        Span<int> expandedRowIdx, Span<int> groupList);

    /// <summary>The same without the copies, for operators that read rows by index.</summary>
    /// <param name="experts">[T·k] expert numbers.</param>
    /// <param name="choices">k.</param>
    /// <param name="firstExpert">First expert that this rank holds.</param>
    /// <param name="sourceRows">[A]: the token of each expanded row.</param>
    /// <param name="expandedRowIdx">[T·k]: the expanded row of (token, choice), -1 when its expert is elsewhere.</param>
    /// <param name="groupList">Cumulative rows by expert of this rank.</param>
    void MoeInitRouting(ReadOnlySpan<int> experts, int choices, int firstExpert, Span<int> sourceRows, Span<int> expandedRowIdx,
        Span<int> groupList);

    /// <summary>y[t] = Σ over choices j, in order, of weights[t, j] · expandedY[expandedRowIdx[t, j]]; a choice of -1 adds nothing
    /// (CANN npu_moe_finalize_routing).</summary>
    /// <param name="expandedY">[A, H] F32.</param>
    /// <param name="weights">[T, k] F32.</param>
    /// <param name="expandedRowIdx">[T·k].</param>
    /// <param name="y">[T, H]; no overlap.</param>
    void MoeFinalizeRouting(TensorView expandedY, TensorView weights, ReadOnlySpan<int> expandedRowIdx, TensorView y);

    /// <summary>y = silu(x[:, :F]) · x[:, F:] (CANN npu_swiglu).</summary>
    /// <param name="x">[R, 2F] F32: gate, then up.</param>
    /// <param name="y">[R, F] F32; no overlap.</param>
    void Swiglu(TensorView x, TensorView y);

    /// <summary>Writes key and value rows to their slots of the paged caches (CANN npu_scatter_pa_kv_cache).</summary>
    /// <param name="key">[T, kvN, D], F32 or BF16; rows may have a stride. Rounded to nearest even when the cache is BF16.</param>
    /// <param name="value">[T, kvN, D].</param>
    /// <param name="keyCache">[blocks, block size, kvN, D].</param>
    /// <param name="valueCache">[blocks, block size, kvN, D].</param>
    /// <param name="slotMapping">[T]: block · block size + offset, or -1 to skip the row.</param>
    void ScatterPaKvCache(TensorView key, TensorView value, TensorView keyCache, TensorView valueCache, ReadOnlySpan<int> slotMapping);

    /// <summary>y[i] = x[index[i]] (CANN aclnnIndexSelect, also the embedding look-up); BF16 is widened when y is F32.</summary>
    void IndexSelect(TensorView x, ReadOnlySpan<int> index, TensorView y);

    /// <summary>y = x1 + x2, element by element (CANN aclnnAdd); y may be the same memory as x1.</summary>
    void Add(TensorView x1, TensorView x2, TensorView y);

    /// <summary>y = x in y's type (CANN npu_dtype_cast); F32 to BF16 rounds to nearest even.</summary>
    void Cast(TensorView x, TensorView y);
}
