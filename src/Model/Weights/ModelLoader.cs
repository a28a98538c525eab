using AkkaCp.Model.Configuration;
using AkkaCp.Npu;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Weights;

/// <summary>Brings one rank's share of a model from its files into a device's layout.</summary>
public static class ModelLoader
{
    /// <summary>
    /// Reads only the bytes of the shard, through bounded buffers, straight into the packed layout; pieces that another rank of
    /// the process holds already are shared. Tensors beside the model's own are ignored.
    /// </summary>
    /// <param name="path">Model directory with weights, or GGUF file.</param>
    /// <param name="config">Its config.</param>
    /// <param name="shard">The rank's place.</param>
    /// <param name="device">Makes the memory of the weights.</param>
    /// <param name="types">Types of matrices in memory, as in <see cref="ShardPieces.Create"/>.</param>
    /// <param name="store">Where the process keeps its weights; one for all ranks of a model.</param>
    /// <param name="progress">Told after each piece, from any thread, in order; null = nobody.</param>
    /// <param name="cancellationToken">Stops between pieces, and inside large ones; what was loaded is freed.</param>
    /// <returns>The weights; the caller disposes them, whether the device is still there or not.</returns>
    /// <exception cref="ModelConfigException">The model cannot be split this way, or the weights have other dimensions.</exception>
    /// <exception cref="ModelFormatException">
    /// A tensor is missing, has another shape or a type that is no float, or would change the result and is not read; or a file breaks
    /// the format or changed while it was read.
    /// </exception>
    public static ModelWeights Load(
        string path,
        ModelConfig config,
        ShardSpec shard,
        INpuDevice device,
        MatrixTypes types,
        WeightStore store,
        IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using var files = WeightFiles.Open(path);
        TensorCheck.Run(files, config, shard, types);
        TensorCoverage.Check(files, config);
        var pieces = ShardPieces.Create(config, shard, types);
        using var loading = new ShardLoading(files, device, store, progress, pieces.All.Sum(piece => piece.Bytes));
        loading.LoadAll(pieces.All, cancellationToken);
        return Assemble(config, shard, pieces, loading);
    }

    private static ModelWeights Assemble(ModelConfig config, ShardSpec shard, ShardPieces pieces, ShardLoading loaded)
    {
        var (vocabStart, vocabCount) = shard.VocabRows(config);
        return new ModelWeights(loaded.TakeLeases())
        {
            Config = config,
            Shard = shard,
            Embedding = loaded.Tensor(pieces.Embedding),
            Layers = [.. pieces.Layers.Select(layer => Assemble(config, shard, layer, loaded))],
            FinalNorm = loaded.Tensor(pieces.FinalNorm),
            LmHead = loaded.Matrix(pieces.LmHead),
            VocabStart = vocabStart,
            VocabCount = vocabCount,
            Bytes = loaded.Bytes,
            Hashes = loaded.Hashes,
        };
    }

    private static LayerWeights Assemble(ModelConfig config, ShardSpec shard, LayerPieces pieces, ShardLoading loaded) => new()
    {
        InputNorm = loaded.Tensor(pieces.InputNorm),
        PostAttentionNorm = loaded.Tensor(pieces.PostAttentionNorm),
        Attention = pieces.Attention.Assemble(config, shard, loaded),
        Moe = pieces.Moe is not { } moe ? null : new MoeWeights
        {
            Router = loaded.Matrix(moe.Router),
            FirstExpert = moe.FirstExpert,
            GateUp = [.. moe.GateUp.Select(loaded.Matrix)],
            Down = [.. moe.Down.Select(loaded.Matrix)],
        },
        Mlp = pieces.Mlp is not { } mlp ? null : new MlpWeights
        {
            GateUp = loaded.Matrix(mlp.GateUp),
            Down = loaded.Matrix(mlp.Down),
        },
    };
}

/// <summary>How far one rank's loading is.</summary>
/// <param name="BytesDone">Weight bytes in place, unpadded.</param>
/// <param name="BytesTotal">Weight bytes of this rank, unpadded.</param>
/// <param name="Tensor">The stored tensor that was placed last.</param>
public readonly record struct LoadProgress(long BytesDone, long BytesTotal, string Tensor);
