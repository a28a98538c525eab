using AkkaCp.Npu;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Pipeline.Stages;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// Multi-head latent attention in its absorbed form, small and slow, with weights of its own: one key/value head, whose key is a latent of
/// R elements and dr rotated ones, and whose value is the latent alone. Nothing of it has the shape of the model's own attention.
/// </summary>
internal sealed class LatentAttention(RankSetup setup, int layer) : Attention
{
    private const int N = 3;
    private const int R = 6;
    private const int Dr = 4;

    /// <summary>The latent in the key cache, the rotated key in the value cache.</summary>
    public static readonly KvRow Kept = new(1, R, Dr);

    private readonly float[] _query = Weights(layer, N * (R + Dr), setup.Weights.Config.HiddenSize);
    private readonly float[] _kv = Weights(layer + 100, R + Dr, setup.Weights.Config.HiddenSize);
    private readonly float[] _output = Weights(layer + 200, setup.Weights.Config.HiddenSize, N * R);

    public override int ResultLength => N * R;

    public override Tensor ProjectKv(StepContext step, TensorView x) => Product(step, x, _kv, R + Dr);

    public override void WriteKv(StepContext step, TensorView kv, ReadOnlySpan<int> slots, TensorView keys, TensorView values)
    {
        for (var t = 0; t < kv.Rows; t++)
        {
            if (slots[t] < 0)
                continue;

            Row(kv, t)[..R].CopyTo(At(keys, slots[t]));
            var key = At(values, slots[t]);
            Row(kv, t)[R..].CopyTo(key);
            Rotate(step, t, key);
        }
    }

    public override Tensor ProjectQuery(StepContext step, TensorView x)
    {
        var query = Product(step, x, _query, N * (R + Dr));
        for (var t = 0; t < x.Rows; t++)
        {
            for (var h = 0; h < N; h++)
                Rotate(step, t, Row(query.View, t).Slice((h * (R + Dr)) + R, Dr));
        }

        return query;
    }

    public override void Attend(StepContext step, TensorView query, int[] cumulativeQ, int[] kv, TensorView result)
    {
        var t = 0;
        for (var request = 0; request < cumulativeQ.Length; request++)
        {
            for (; t < cumulativeQ[request]; t++)
            {
                var keys = kv[request] - (cumulativeQ[request] - 1 - t);
                for (var h = 0; h < N; h++)
                {
                    AttendHead(
                        step, request, Row(query, t).Slice(h * (R + Dr), R + Dr), keys, Row(result, t).Slice(h * R, R));
                }
            }
        }
    }

    public override Tensor ProjectOutput(StepContext step, TensorView result) =>
        Product(step, result, _output, setup.Weights.Config.HiddenSize);

    private void AttendHead(StepContext step, int request, Span<float> query, int keys, Span<float> result)
    {
        var blocks = step.RowMap.BlockTable.AsSpan(request * step.RowMap.BlockTableWidth, step.RowMap.BlockTableWidth);
        var (sum, z) = (0.0, new double[R]);
        for (var s = 0; s < keys; s++)
        {
            var size = setup.Kv.Shape.BlockSize;
            var slot = (blocks[s / size] * size) + (s % size);
            var latent = At(setup.Kv.Keys(layer), slot);
            var weight = Math.Exp((Dot(query[..R], latent) + Dot(query[R..], At(setup.Kv.Values(layer), slot))) / 4);
            sum += weight;
            for (var d = 0; d < R; d++)
                z[d] += weight * latent[d];
        }

        for (var d = 0; d < R; d++)
            result[d] = (float)(z[d] / sum);
    }

    private static void Rotate(StepContext step, int row, Span<float> x)
    {
        for (var i = 0; i < Dr / 2; i++)
        {
            var (cos, sin) = (Row(step.Cos, row)[i], Row(step.Sin, row)[i]);
            (x[i], x[i + (Dr / 2)]) = ((x[i] * cos) - (x[i + (Dr / 2)] * sin), (x[i + (Dr / 2)] * cos) + (x[i] * sin));
        }
    }

    /// <summary>The entry of a slot of a cache.</summary>
    private static Span<float> At(TensorView cache, int slot)
    {
        var (block, offset) = Math.DivRem(slot, cache[1]);
        var length = cache[2] * cache[3];
        return Row(cache.Slice(block, 1).Columns(offset * length, length), 0);
    }

    /// <summary>In place: the device computes in the host's memory.</summary>
    private static Span<float> Row(TensorView view, int row) => view.Slice(row, 1).MapWrite().F32;

    private static Tensor Product(StepContext step, TensorView x, float[] weights, int n)
    {
        var y = step.Rent(DType.F32, x.Rows, n);
        for (var t = 0; t < x.Rows; t++)
        {
            for (var i = 0; i < n; i++)
                Row(y.View, t)[i] = (float)Dot(Row(x, t), weights.AsSpan(i * x.RowLength, x.RowLength));
        }

        return y;
    }

    private static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
            sum += (double)x[i] * y[i];

        return sum;
    }

    private static float[] Weights(int seed, int n, int k)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, n * k).Select(_ => (float)((random.NextDouble() - 0.5) * 4 / Math.Sqrt(k)))];
    }
}
