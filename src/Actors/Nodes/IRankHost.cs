using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Weights;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// What actors need of the program on one node: its ranks' weights, pipelines and way to the other nodes' ranks. Lives as long as the
/// node; actors, and the whole actor system, may come and go above it. Any thread may call; calls of different ranks overlap.
/// </summary>
public interface IRankHost
{
    /// <summary>What must be equal on every node of a group. Known before anything is loaded, and constant.</summary>
    GroupFacts Facts { get; }

    /// <summary>What this node brings into a group. Constant.</summary>
    NodeOffer Offer { get; }

    /// <summary>
    /// Hashes of all pieces of the weights that are loaded here, in ordinal order of their names; asked for after each load. Empty where
    /// no other node's weights are there to be compared.
    /// </summary>
    ImmutableArray<WeightHash> Hashes { get; }

    /// <summary>
    /// Makes the shards of exactly these ranks ready and frees others. Never called while a pipeline lives here, nor while an earlier
    /// call runs. Ends at once when nothing is missing, as with ranks whose shards are equal, and in one process.
    /// </summary>
    /// <param name="ranks">Global ranks in ascending order; may be empty.</param>
    /// <param name="progress">Gets the loaded share, 0 to 1.</param>
    /// <param name="cancellationToken">The node stops, or other ranks are wanted.</param>
    Task LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken);

    /// <summary>
    /// Builds one rank's pipeline for one epoch. Called once per rank and epoch, all ranks of an epoch at the same time on all nodes,
    /// after the pipelines of the epochs before have been disposed on this node.
    /// </summary>
    /// <param name="rank">Global rank, loaded here.</param>
    /// <param name="table">The epoch and where each rank is.</param>
    /// <param name="logits">Takes the rows of requests that asked for all logits.</param>
    /// <param name="results">Takes the results; may be called from any thread and does not block.</param>
    /// <param name="cancellationToken">The epoch is over before it has begun.</param>
    /// <returns>A pipeline that takes the epoch's plans; the caller disposes it.</returns>
    Task<IRankPipeline> OpenAsync(
        int rank, EpochTable table, ILogitsSink logits, Action<StepResult> results, CancellationToken cancellationToken);

    /// <summary>
    /// Epochs below this one are over here: no pipeline of theirs is left or will be made. Connections, meeting points and frames of
    /// theirs may go; peers that speak of them are refused.
    /// </summary>
    void EndEpochs(long below);

    /// <summary>Measures the data plane's way from here to another node. A failure is a value.</summary>
    /// <param name="dataEndpoint">The other's <see cref="NodeOffer.DataEndpoint"/>.</param>
    /// <param name="cancellationToken">Bounds the attempt.</param>
    Task<DataLink> ProbeAsync(string dataEndpoint, CancellationToken cancellationToken);
}
