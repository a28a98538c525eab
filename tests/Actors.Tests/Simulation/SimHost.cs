using System.Collections.Immutable;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Model.Weights;
using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>What a simulated node says of itself. It loads and builds nothing: the simulated ranks do.</summary>
internal sealed class SimHost(string name, int places, int kvBlocks) : IRankHost
{
    public static readonly GroupFacts SameFacts = new(
        new ModelFacts([new ModelFact("config.json", "c1")]), "tensors", "layout", "float32", "fake", 0, Scenario.BlockTokens,
        ProtocolVersion.Current);

    /// <summary>Epochs below are over here.</summary>
    public long FirstEpoch { get; private set; }

    public GroupFacts Facts => SameFacts;

    public NodeOffer Offer { get; } = new(name, $"{name}:2", places, 1L << 30, "simulated", kvBlocks);

    public ImmutableArray<WeightHash> Hashes => [];

    public void EndEpochs(long below) => FirstEpoch = Math.Max(FirstEpoch, below);

    public Task LoadAsync(ImmutableArray<int> ranks, IProgress<double> progress, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IRankPipeline> OpenAsync(
        int rank, EpochTable table, ILogitsSink? logits, Action<StepResult> results, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<DataLink> ProbeAsync(string dataEndpoint, CancellationToken cancellationToken) => throw new NotSupportedException();
}
