using AkkaCp.Engine;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Server.Http;

/// <summary>What is served, and how.</summary>
/// <param name="engine">The engine; null while it loads.</param>
/// <param name="progress">How much of it is loaded, 0 to 1.</param>
/// <param name="settings">akka-cp.server.</param>
/// <param name="log">Takes what fails here; never prompts.</param>
/// <param name="places">Requests at a time; null: as many as the engine takes.</param>
internal sealed class ApiService(
    Func<InferenceEngine?> engine, Func<double> progress, ServerSettings settings, ILogger<ApiService> log, int? places)
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(2);

    /// <summary>akka-cp.server.</summary>
    public ServerSettings Settings => settings;

    /// <summary>Who may ask.</summary>
    public AccessRules Access { get; } = new(settings);

    /// <summary>How many may ask.</summary>
    public RequestLimits Limits { get; } = new(settings.Limits, places);

    /// <summary>Takes what fails here; never prompts.</summary>
    public ILogger Log => log;

    /// <summary>How much of the engine is loaded, 0 to 1.</summary>
    public double LoadProgress => progress();

    /// <summary>The engine; null while it loads.</summary>
    public InferenceEngine? Loaded => engine();

    /// <summary>The engine.</summary>
    /// <exception cref="ApiException">It is still loading, or did not load.</exception>
    public InferenceEngine Engine => Loaded ?? throw ApiException.Overloaded("the model is still loading", s_soon);
}
