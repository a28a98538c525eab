using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>The part of a layer behind attention that works row by row on this rank's share of the weights;
/// y [R, H] is a partial sum.</summary>
internal abstract class FeedForward
{
    /// <summary>The layer's experts, or its dense MLP.</summary>
    public static FeedForward Create(RankSetup setup, int layer)
    {
        var weights = setup.Weights.Layers[layer];
        var config = setup.Weights.Config;
        return weights.Moe is { } moe
            ? new Experts(setup, moe, config.NumExpertsPerTok, config.NormTopkProb)
            : new DenseMlp(setup.Device, weights.Mlp ?? throw new ArgumentException($"layer {layer} has neither experts nor an MLP"));
    }

    /// <summary>y = this rank's share of the feed-forward of x [R, H].</summary>
    public abstract Tensor Run(StepContext step, TensorView x);

    /// <summary>y = (silu(x·Wgᵀ) · x·Wuᵀ)·Wdᵀ.</summary>
    private sealed class DenseMlp(INpuDevice device, MlpWeights weights) : FeedForward
    {
        public override Tensor Run(StepContext step, TensorView x)
        {
            using var activated = step.Rent(DType.F32, x.Rows, weights.Down.K);
            device.MatMulSwiglu(x, weights.GateUp, activated);
            var y = step.Rent(DType.F32, x.Rows, weights.Down.N);
            device.MatMul(activated, weights.Down, null, y);
            return y;
        }
    }

    /// <summary>y[t] = Σ over the k experts of t, in the router's order, that this rank holds.</summary>
    private sealed class Experts(RankSetup setup, MoeWeights weights, int k, bool renormalize) : FeedForward
    {
        private readonly INpuDevice _device = setup.Device;

        public override Tensor Run(StepContext step, TensorView x)
        {
            using var probabilities = step.Rent(DType.F32, x.Rows, k);
            step.Scratch.Clear();
            var experts = Route(step, x, probabilities);
            var sourceRows = step.Scratch.Take(CountLocal(experts));
            var expandedRowIdx = step.Scratch.Take(experts.Length);
            var groupList = step.Scratch.Take(weights.GateUp.Length);
            _device.MoeInitRouting(experts, k, weights.FirstExpert, sourceRows, expandedRowIdx, groupList);
            setup.Clock?.Experts(groupList);
            using var expandedY = Compute(step, x, sourceRows, groupList);
            var y = step.Rent(DType.F32, x.Rows, x.RowLength);
            _device.MoeFinalizeRouting(expandedY, probabilities, expandedRowIdx, y);
            return y;
        }

        private Span<int> Route(StepContext step, TensorView x, TensorView probabilities)
        {
            using var logits = step.Rent(DType.F32, x.Rows, weights.Router.N);
            _device.MatMul(x, weights.Router, null, logits);
            var experts = step.Scratch.Take(x.Rows * k);
            _device.MoeGatingTopKSoftmax(logits, renormalize, probabilities, experts);
            return experts;
        }

        private Tensor Compute(StepContext step, TensorView x, ReadOnlySpan<int> sourceRows, ReadOnlySpan<int> groupList)
        {
            using var activated = step.Rent(DType.F32, sourceRows.Length, weights.Down[0].K);
            _device.GroupedMatMulSwiglu(x, sourceRows, weights.GateUp, groupList, activated);
            var y = step.Rent(DType.F32, sourceRows.Length, weights.Down[0].N);
            _device.GroupedMatMul(activated, weights.Down, groupList, y);
            return y;
        }

        private int CountLocal(ReadOnlySpan<int> experts)
        {
            var count = 0;
            foreach (var expert in experts)
                count += (uint)(expert - weights.FirstExpert) < (uint)weights.GateUp.Length ? 1 : 0;

            return count;
        }
    }
}
