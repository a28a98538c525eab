using System.Collections.Immutable;
using AkkaCp.Actors;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine.Composition;
using AkkaCp.Model;
using AkkaCp.Settings;
using AkkaCp.Text.Files;

namespace AkkaCp.Engine;

/// <summary>What a cluster is now, and who reaches whom in it, found from outside.</summary>
/// <param name="Seeds">Each seed of the configuration, with what it says of itself.</param>
/// <param name="Status">The coordinator's picture; null when none was found.</param>
/// <param name="Reach">Every node's way to every other one; empty without a coordinator.</param>
public sealed record ClusterInspection(
    ImmutableArray<SeedReport> Seeds, ClusterStatus? Status, ImmutableArray<ReachReport> Reach)
{
    /// <summary>In what the configuration's model differs from the cluster's, in words:
    /// with any difference, requests are refused.</summary>
    public ImmutableArray<string> Differences { get; init; } = [];

    /// <summary>Asks the cluster that the configuration's seeds name; null when it names none.</summary>
    /// <param name="options">As for an engine that uses the cluster.</param>
    /// <param name="timeout">Bounds each of the three questions: seeds, coordinator, ways.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SettingsException">The configuration is wrong.</exception>
    /// <exception cref="ModelFormatException">A file of the model cannot be read.</exception>
    public static async Task<ClusterInspection?> CreateAsync(
        EngineOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options.Guarded();
        var settings = EngineConfiguration.Load(options);
        if (settings.Cluster.Seeds.IsEmpty)
            return null;
        await using var client = ClientPlane.Start(settings, options.LoggerFactory);
        var seeds = await client.SeedsAsync(timeout, cancellationToken).ConfigureAwait(false);
        var status = await client.StatusAsync(timeout, cancellationToken).ConfigureAwait(false);
        var reach = status is null ? [] : await client.ReachAsync(status.Nodes, timeout, cancellationToken).ConfigureAwait(false);
        return new ClusterInspection(seeds, status, reach) { Differences = DifferencesTo(status, settings.Model.Path) };
    }

    private static ImmutableArray<string> DifferencesTo(ClusterStatus? status, string? directory)
    {
        if (directory is null || status?.Nodes.FirstOrDefault(node => node.Refusal.Length == 0) is not { } node)
            return [];
        return [.. node.Facts.DifferencesTo(new ClientFacts(ModelFacts.Read(directory), ProtocolVersion.Current))];
    }
}
