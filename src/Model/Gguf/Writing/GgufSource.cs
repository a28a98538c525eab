using AkkaCp.Model.Configuration;
using AkkaCp.Model.Sampling;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>A model that becomes a GGUF file.</summary>
/// <param name="Files">Its small files.</param>
/// <param name="Config">Its dimensions.</param>
/// <param name="Sampling">How its tokens are drawn; null = the most probable is taken, which no key says.</param>
/// <param name="Ends">Tokens that end an answer.</param>
/// <param name="Rows">Its weights.</param>
internal sealed record GgufSource(
    ModelFolder Files, ModelConfig Config, SamplingOptions? Sampling, IReadOnlyList<int> Ends, RowReader Rows);
