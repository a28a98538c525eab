using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Experts;

/// <summary>w = softmax(logits)[top k] (/ their sum): one token's experts (CANN npu_moe_gating_top_k_softmax).</summary>
internal static unsafe class MoeGating
{
    /// <summary>Most experts, the operator's own limit; it bounds the stack used.</summary>
    public const int MaxExperts = 2048;

    /// <summary>
    /// The k most probable of E experts, largest first and equal ones by number. The maximum is subtracted before exponents are taken;
    /// the sum runs over e in order. Non-finite logits give non-finite weights, but always k different experts.
    /// </summary>
    [SkipLocalsInit]
    public static void Row(float* logits, int e, bool renormalize, float* weights, int* experts, int k)
    {
        var powers = stackalloc float[MaxExperts];
        Exponentiate(logits, e, powers);
        var sum = 0f;
        for (var i = 0; i < e; i++)
        {
            sum += powers[i];
            Offer(powers[i], i, weights, experts, Math.Min(i, k), k);
        }

        for (var j = 0; j < k; j++)
            weights[j] /= sum;

        if (renormalize)
            Renormalize(weights, k);
    }

    // weights[0..held) are sorted, largest first; a later expert stands before an earlier one only if it is larger.
    private static void Offer(float weight, int expert, float* weights, int* experts, int held, int k)
    {
        if (held == k)
        {
            if (!(weight > weights[k - 1]))
                return;

            held--;
        }

        var j = held;
        for (; j > 0 && weight > weights[j - 1]; j--)
        {
            weights[j] = weights[j - 1];
            experts[j] = experts[j - 1];
        }

        weights[j] = weight;
        experts[j] = expert;
    }

    private static void Renormalize(float* weights, int k)
    {
        var total = 0f;
        for (var j = 0; j < k; j++)
            total += weights[j];

        for (var j = 0; j < k; j++)
            weights[j] /= total;
    }

    private static void Exponentiate(float* logits, int e, float* powers)
    {
        var max = float.NegativeInfinity;
        for (var i = 0; i < e; i++)
            max = logits[i] > max ? logits[i] : max;

        var maximum = Vector128.Create(max);
        var at = 0;
        for (; at <= e - 4; at += 4)
            Simd128.Exp(Vector128.Load(logits + at) - maximum).Store(powers + at);

        for (; at < e; at++)
            powers[at] = VectorMath.Exp(logits[at] - max);
    }
}
