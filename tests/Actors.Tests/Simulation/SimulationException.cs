namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>Something is not as it has to be.</summary>
internal sealed class SimulationException(string message) : Exception(message);
