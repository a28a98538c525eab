using AkkaCp.Model.Weights;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>
/// Qwen3-MoE in float64, written from Hugging Face's modeling_qwen3_moe: plain loops over one prompt, no cache, no parallelism.
/// Only the reader of the weight files is shared with the engine.
/// </summary>
internal sealed class ReferenceModel(string directory) : IDisposable
{
    private readonly ReferenceConfig _config = new(directory);
    private readonly ReferenceRope _rope = new(new ReferenceConfig(directory));
    private readonly IWeightSource _files = WeightFiles.Open(directory);
    private readonly Dictionary<string, float[]> _weights = [];

    public ReferenceForward Forward(int[] tokens)
    {
        var residuals = new List<double[][]> { tokens.Select(token => Row("model.embed_tokens.weight", token)).ToArray() };
        var (routes, routeWeights, gap) = (new List<int[][]>(), new List<double[][]>(), double.PositiveInfinity);
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            var hidden = Sum(
                residuals[^1], Attention(prefix + "self_attn.", Norm(residuals[^1], prefix + "input_layernorm.weight")));
            var x = Norm(hidden, prefix + "post_attention_layernorm.weight");
            var (experts, weights, layerGap) = _config.IsSparse(layer)
                ? Route(prefix + "mlp.gate.weight", x)
                : ([], [], double.PositiveInfinity);
            var y = x.Select((row, t) => experts.Length == 0
                ? GatedMlp(prefix + "mlp.", row)
                : Experts(prefix + "mlp.", row, experts[t], weights[t]));
            residuals.Add(Sum(hidden, [.. y]));
            routes.Add(experts);
            routeWeights.Add(weights);
            gap = Math.Min(gap, layerGap);
        }

        var head = _config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        var logits = Norm(residuals[^1], "model.norm.weight").Select(row => Linear(head, null, row));
        return new ReferenceForward([.. logits], residuals, routes, routeWeights, gap);
    }

    public void Dispose() => _files.Dispose();

    private double[][] Attention(string prefix, double[][] x)
    {
        var (heads, kvHeads, d) = (_config.Heads, _config.KvHeads, _config.HeadDim);
        var q = x.Select((row, t) => Heads(prefix, "q", row, heads, t)).ToArray();
        var k = x.Select((row, t) => Heads(prefix, "k", row, kvHeads, t)).ToArray();
        var v = x.Select(row => Project(prefix, "v", row)).ToArray();
        var output = new double[x.Length][];
        for (var t = 0; t < x.Length; t++)
        {
            var attended = new double[heads * d];
            for (var h = 0; h < heads; h++)
            {
                var kvHead = h / (heads / kvHeads);
                Attend(q[t].AsSpan(h * d, d), k, v, kvHead * d, t, attended.AsSpan(h * d, d));
            }

            output[t] = Project(prefix, "o", attended);
        }

        return output;
    }

    /// <summary>softmax(q·kᵀ / √d)·v over keys 0 .. t.</summary>
    private static void Attend(ReadOnlySpan<double> q, double[][] k, double[][] v, int first, int t, Span<double> output)
    {
        var scores = new double[t + 1];
        for (var j = 0; j <= t; j++)
        {
            for (var i = 0; i < q.Length; i++)
                scores[j] += q[i] * k[j][first + i];

            scores[j] /= Math.Sqrt(q.Length);
        }

        SoftmaxInPlace(scores);
        for (var j = 0; j <= t; j++)
        {
            for (var i = 0; i < q.Length; i++)
                output[i] += scores[j] * v[j][first + i];
        }
    }

    /// <summary>Projection, norm over each head, rotation.</summary>
    private double[] Heads(string prefix, string name, double[] x, int heads, int position)
    {
        var y = Project(prefix, name, x);
        for (var h = 0; h < heads; h++)
        {
            var head = y.AsSpan(h * _config.HeadDim, _config.HeadDim);
            NormRow(head, $"{prefix}{name}_norm.weight").CopyTo(head);
            _rope.Rotate(head, position);
        }

        return y;
    }

    private double[] Project(string prefix, string name, double[] x) =>
        Linear($"{prefix}{name}_proj.weight", _config.AttentionBias ? $"{prefix}{name}_proj.bias" : null, x);

    private (int[][] Experts, double[][] Weights, double Gap) Route(string gate, double[][] x)
    {
        var (experts, weights, gap) = (new int[x.Length][], new double[x.Length][], double.PositiveInfinity);
        var k = _config.ExpertsPerToken;
        for (var t = 0; t < x.Length; t++)
        {
            var p = Linear(gate, null, x[t]);
            SoftmaxInPlace(p);
            var order = Enumerable.Range(0, p.Length).OrderByDescending(e => p[e]).ToArray();
            experts[t] = order[..k];
            var total = _config.NormTopkProb ? experts[t].Sum(e => p[e]) : 1;
            weights[t] = [.. experts[t].Select(e => p[e] / total)];
            gap = k < p.Length ? Math.Min(gap, p[order[k - 1]] - p[order[k]]) : gap;
        }

        return (experts, weights, gap);
    }

    private double[] Experts(string prefix, double[] x, int[] experts, double[] weights)
    {
        var y = new double[x.Length];
        for (var i = 0; i < experts.Length; i++)
        {
            var one = GatedMlp($"{prefix}experts.{experts[i]}.", x);
            for (var c = 0; c < y.Length; c++)
                y[c] += weights[i] * one[c];
        }

        return y;
    }

    private double[] GatedMlp(string prefix, double[] x)
    {
        var gate = Linear(prefix + "gate_proj.weight", null, x);
        var up = Linear(prefix + "up_proj.weight", null, x);
        for (var i = 0; i < gate.Length; i++)
            up[i] *= gate[i] / (1 + Math.Exp(-gate[i]));

        return Linear(prefix + "down_proj.weight", null, up);
    }

    private double[][] Norm(double[][] x, string name) => [.. x.Select(row => NormRow(row, name))];

    private double[] NormRow(ReadOnlySpan<double> x, string name)
    {
        var gamma = Weights(name);
        var squares = 0.0;
        foreach (var value in x)
            squares += value * value;

        var scale = 1 / Math.Sqrt((squares / x.Length) + _config.RmsNormEps);
        var y = new double[x.Length];
        for (var i = 0; i < y.Length; i++)
            y[i] = x[i] * scale * gamma[i];

        return y;
    }

    private double[] Linear(string name, string? bias, double[] x)
    {
        var w = Weights(name);
        var b = bias is null ? null : Weights(bias);
        var y = new double[w.Length / x.Length];
        for (var n = 0; n < y.Length; n++)
        {
            var sum = b is null ? 0.0 : b[n];
            for (var k = 0; k < x.Length; k++)
                sum += (double)w[(n * x.Length) + k] * x[k];

            y[n] = sum;
        }

        return y;
    }

    private double[] Row(string name, int row) =>
        [.. Weights(name).AsSpan(row * _config.HiddenSize, _config.HiddenSize).ToArray().Select(value => (double)value)];

    private float[] Weights(string name)
    {
        if (!_weights.TryGetValue(name, out var values))
        {
            var tensor = _files.Find(name) ?? throw new KeyNotFoundException($"{directory}: no tensor {name}");
            values = new float[tensor.Rows * tensor.Columns];
            _files.ReadRows(name, 0, (int)tensor.Rows, 0, (int)tensor.Columns, values);
            _weights.Add(name, values);
        }

        return values;
    }

    private static void SoftmaxInPlace(double[] x)
    {
        var max = x.Max();
        var total = 0.0;
        for (var i = 0; i < x.Length; i++)
            total += x[i] = Math.Exp(x[i] - max);

        for (var i = 0; i < x.Length; i++)
            x[i] /= total;
    }

    private static double[][] Sum(double[][] a, double[][] b) =>
        [.. a.Zip(b, (x, y) => x.Zip(y, (left, right) => left + right).ToArray())];
}
