using static AkkaCp.Npu.OperatorChecks;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Checks an attention call against the operator's rules and resolves it to a <see cref="FiaProblem"/>, before anything is written.
/// Names in messages are CANN's. Lengths, paging and masks are checked by <see cref="FiaLengthValidation"/> and
/// <see cref="FiaMaskValidation"/>.
/// </summary>
internal static unsafe class FiaValidation
{
    /// <summary>The operator's name in messages.</summary>
    public const string Op = "FusedInferAttentionScore";

    private const int MaxHeads = 256;
    private const int MaxHeadRatio = 64;
    private const int MaxHeadDim = 512;

    /// <summary>The checked call.</summary>
    /// <exception cref="NpuShapeException">An argument does not fit.</exception>
    public static FiaProblem Resolve(in FiaArguments a)
    {
        var problem = default(FiaProblem);
        ResolveHeads(a, ref problem);
        ResolveQuery(a, ref problem);
        FiaLengthValidation.ResolveQueryLengths(a, ref problem);
        ResolveKeys(a, ref problem);
        FiaLengthValidation.ResolveKeyLengths(a, ref problem);
        FiaMaskValidation.Resolve(a, ref problem);
        ResolveOutputs(a, ref problem);
        problem.Scale = a.Scale;
        return problem;
    }

    private static void ResolveHeads(in FiaArguments a, ref FiaProblem problem)
    {
        if (a.InputLayout is not (FiaInputLayout.Tnd or FiaInputLayout.Bsnd or FiaInputLayout.Bnsd))
            Refuse(Op, "input_layout", "TND, BSND or BNSD", $"{a.InputLayout}");

        if (a.NumHeads is < 1 or > MaxHeads)
            Refuse(Op, "num_heads", $"1 to {MaxHeads}", $"{a.NumHeads}");

        var kvHeads = a.NumKeyValueHeads == 0 ? a.NumHeads : a.NumKeyValueHeads;
        if (kvHeads < 0 || a.NumHeads % kvHeads != 0)
            Refuse(Op, "num_heads", $"a multiple of num_key_value_heads {kvHeads}", $"{a.NumHeads}");

        if (a.NumHeads / kvHeads > MaxHeadRatio)
            Refuse(Op, "num_heads", $"at most {MaxHeadRatio} times num_key_value_heads {kvHeads}", $"{a.NumHeads}");

        problem.Heads = a.NumHeads;
        problem.KvHeads = kvHeads;
    }

    private static void ResolveQuery(in FiaArguments a, ref FiaProblem problem)
    {
        RequireF32(Op, "query", a.Query);
        var packed = a.InputLayout == FiaInputLayout.Tnd;
        var rank = packed ? 3 : 4;
        if (a.Query.Rank != rank)
        {
            Refuse(Op, "query", packed ? "[T, N, D]" : a.InputLayout == FiaInputLayout.Bsnd ? "[B, S, N, D]" : "[B, N, S, D]",
                a.Query.ToString());
        }

        var d = a.Query[rank - 1];
        if (d is < 1 or > MaxHeadDim || d * sizeof(float) % 16 != 0)
            Refuse(Op, "query", $"a head dimension of 16-byte steps up to {MaxHeadDim}", a.Query.ToString());

        problem.Packed = packed;
        problem.HeadDim = d;
        problem.StoredRows = a.InputLayout switch { FiaInputLayout.Tnd => -1, FiaInputLayout.Bsnd => a.Query[1], _ => a.Query[2] };
        RequireShape("query", a.Query, a.Query.Rows, problem.StoredRows, a.NumHeads, d, a.InputLayout);
        problem.Query = (float*)a.Query.Data;
        problem.QueryStrides = FiaStrides.Of(a.Query, a.InputLayout);
    }

    private static void ResolveKeys(in FiaArguments a, ref FiaProblem problem)
    {
        if (a.Value.DType != a.Key.DType)
            Refuse(Op, "value", $"{a.Key.DType}, the type of key", $"{a.Value.DType}");

        if (a.BlockTable is not null)
            FiaLengthValidation.ResolvePages(a, ref problem);
        else
            ResolveContiguousKeys(a, ref problem);

        RequireSameShape(Op, "value", a.Value, a.Key);
        if (problem.HeadDim * a.Key.DType.Bytes() % 16 != 0)
            Refuse(Op, "key", "a head dimension of 16-byte steps", $"{a.Key.DType}{a.Key}");

        problem.Key = (byte*)a.Key.Data;
        problem.Value = (byte*)a.Value.Data;
        problem.KvType = a.Key.DType;
    }

    private static void ResolveContiguousKeys(in FiaArguments a, ref FiaProblem problem)
    {
        if (a.Key.Rank != a.Query.Rank)
            Refuse(Op, "key", $"{a.Query.Rank} dimensions, as in query", a.Key.ToString());

        problem.StoredKeys = a.InputLayout switch { FiaInputLayout.Tnd => -1, FiaInputLayout.Bsnd => a.Key[1], _ => a.Key[2] };
        var rows = problem.Packed ? a.Key.Rows : problem.Batch;
        RequireShape("key", a.Key, rows, problem.StoredKeys, problem.KvHeads, problem.HeadDim, a.InputLayout);
        RequireSameShape(Op, "value", a.Value, a.Key);
        problem.KeyStrides = FiaStrides.Of(a.Key, a.InputLayout);
        problem.ValueStrides = FiaStrides.Of(a.Value, a.InputLayout);
    }

    private static void ResolveOutputs(in FiaArguments a, ref FiaProblem problem)
    {
        RequireF32(Op, "attention_out", a.Output);
        RequireSameShape(Op, "attention_out", a.Output, a.Query);
        RequireApart("attention_out", a.Output, a);
        problem.Output = (float*)a.Output.Data;
        problem.OutputStrides = FiaStrides.Of(a.Output, a.InputLayout);
        if (a.SoftmaxLse is not { } lse)
            return;

        RequireF32(Op, "softmax_lse", lse);
        var fits = problem.Packed
            ? lse.Rank == 3 && lse.Rows == a.Query.Rows && lse[1] == problem.Heads && lse[2] == 1
            : lse.Rank == 4 && lse.Rows == problem.Batch && lse[1] == problem.Heads && lse[2] == problem.StoredRows && lse[3] == 1;
        if (!fits)
        {
            Refuse(Op, "softmax_lse", problem.Packed
                ? $"[{a.Query.Rows}, {problem.Heads}, 1]"
                : $"[{problem.Batch}, {problem.Heads}, {problem.StoredRows}, 1]", lse.ToString());
        }

        RequireApart("softmax_lse", lse, a);
        RequireDisjoint(Op, "softmax_lse", lse, "attention_out", a.Output);
        problem.Lse = (float*)lse.Data;
        problem.LseStrides = problem.Packed
            ? new(0, lse.RowStride, 1)
            : new(lse.RowStride, 1, problem.StoredRows);
    }

    private static void RequireApart(string argument, in TensorView view, in FiaArguments a)
    {
        RequireDisjoint(Op, argument, view, "query", a.Query);
        RequireDisjoint(Op, argument, view, "key", a.Key);
        RequireDisjoint(Op, argument, view, "value", a.Value);
    }

    private static void RequireShape(string argument, in TensorView view, int rows, int length, int heads, int d, FiaInputLayout layout)
    {
        var fits = layout switch
        {
            FiaInputLayout.Tnd => view[0] == rows && view[1] == heads && view[2] == d,
            FiaInputLayout.Bsnd => view[0] == rows && view[1] == length && view[2] == heads && view[3] == d,
            _ => view[0] == rows && view[1] == heads && view[2] == length && view[3] == d,
        };
        if (!fits)
        {
            int[] expected = layout switch
            {
                FiaInputLayout.Tnd => [rows, heads, d],
                FiaInputLayout.Bsnd => [rows, length, heads, d],
                _ => [rows, heads, length, d],
            };
            Refuse(Op, argument, TensorView.Format(expected), view.ToString());
        }
    }
}
