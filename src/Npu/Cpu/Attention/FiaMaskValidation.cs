using static AkkaCp.Npu.Cpu.Attention.FiaValidation;
using static AkkaCp.Npu.OperatorChecks;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Sparse mode and mask of an attention call.</summary>
internal static class FiaMaskValidation
{
    private const int CompressedSide = 2048;

    /// <summary>What each row sees.</summary>
    public static void Resolve(in FiaArguments a, ref FiaProblem problem)
    {
        if (a.SparseMode is < 0 or > 4)
            Refuse(Op, "sparse_mode", "0 to 4", $"{a.SparseMode}");

        if (a.SparseMode > 0 && a.AttenMask is null)
            Refuse(Op, "atten_mask", $"a mask, which sparse_mode {a.SparseMode} requires", "none");

        if (a.SparseMode >= 2)
            RequireCompressed(a);
        else if (a.AttenMask is { } mask)
            ResolveFullMask(mask, ref problem);

        // The operator ignores the mode for single-row queries; in TND it cannot know that all requests have one row.
        if (!problem.Packed && problem.StoredRows == 1)
            return;

        ref var visibility = ref problem.Visibility;
        visibility.Banded = a.SparseMode >= 2 || (a.SparseMode == 0 && a.AttenMask is not null);
        visibility.BottomRight = a.SparseMode >= 3;
        (visibility.Pre, visibility.Next) = a.SparseMode is 2 or 3 ? (int.MaxValue, 0) : (a.PreTokens, a.NextTokens);
    }

    private static void RequireCompressed(in FiaArguments a)
    {
        var shape = a.AttenMask!.Shape;
        var fits = shape.Length is >= 2 and <= 4 && shape[^1] == CompressedSide && shape[^2] == CompressedSide;
        for (var axis = 0; fits && axis < shape.Length - 2; axis++)
            fits = shape[axis] == 1;

        if (!fits)
        {
            Refuse(Op, "atten_mask", $"[{CompressedSide}, {CompressedSide}], the compressed form of sparse_mode {a.SparseMode}",
                TensorView.Format(shape));
        }

        if (a.SparseMode != 4)
            return;

        if (a.PreTokens < 0 && a.NextTokens < 0)
            Refuse(Op, "pre_tokens", "pre_tokens or next_tokens not negative", $"{a.PreTokens} and {a.NextTokens}");

        if ((long)a.PreTokens + a.NextTokens < 0)
            Refuse(Op, "next_tokens", $"at least {-(long)a.PreTokens}, or the band is empty", $"{a.NextTokens}");
    }

    private static void ResolveFullMask(FiaMask mask, ref FiaProblem problem)
    {
        var (queries, keys) = (0, 0);
        for (var b = 0; b < problem.Batch; b++)
        {
            queries = Math.Max(queries, problem.QueryLength(b));
            keys = Math.Max(keys, problem.KeyLength(b));
        }

        var shape = mask.Shape;
        var fits = shape.Length is >= 2 and <= 4 && shape[^2] >= queries && shape[^1] >= keys
            && (shape.Length < 4 || shape[1] == 1)
            && (shape.Length < 3 || shape[0] == 1 || shape[0] == problem.Batch);
        if (!fits)
        {
            Refuse(Op, "atten_mask", $"[{queries}, {keys}] or more, alone or behind [1 or {problem.Batch}] or [1 or {problem.Batch}, 1]",
                TensorView.Format(shape));
        }

        var bytes = 1L;
        foreach (var side in shape)
            bytes *= side;

        if (mask.Hidden.Length != bytes)
            Refuse(Op, "atten_mask", $"{bytes} bytes for {TensorView.Format(shape)}", $"{mask.Hidden.Length}");

        problem.Visibility.Mask = mask.Hidden;
        problem.Visibility.MaskRowStride = shape[^1];
        problem.Visibility.MaskBatchStride = shape.Length > 2 && shape[0] > 1 ? shape[^1] * shape[^2] : 0;
    }
}
