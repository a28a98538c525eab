using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Takes a plan in: lays its rows out on this rank, computes their rotary angles, and looks their tokens up.
/// hidden[t] = Embedding[token[t]], [T, H]; normed = rms_norm(hidden) for the first layer.
/// </summary>
internal sealed class EmbedStage(RankSetup setup, SequenceTable sequences)
{
    public NormedMessage Run(StepContext step)
    {
        var map = step.MapRows(sequences);
        var rows = map.Rows.Rows;
        var pairs = setup.Rope.InverseFrequencies.Count;
        var (cos, sin) = (step.Rent(DType.F32, rows, pairs), step.Rent(DType.F32, rows, pairs));
        setup.Rope.Fill(map.Positions, cos, sin);
        (step.Cos, step.Sin) = (cos, sin);

        var hidden = step.Rent(DType.F32, rows, setup.Weights.Config.HiddenSize);
        StepEvents.Log.Begun(step.Plan.Epoch, step.Plan.Step, setup.Rank);
        setup.Device.IndexSelect(setup.Weights.Embedding, map.Tokens, hidden);
        var normed = step.Rent(DType.F32, rows, hidden.View.RowLength);
        setup.Device.RmsNorm(hidden, setup.Weights.Layers[0].InputNorm, setup.Weights.Config.RmsNormEps, normed);
        return new NormedMessage(step, hidden, normed);
    }
}
