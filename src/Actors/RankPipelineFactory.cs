using AkkaCp.Pipeline;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Actors;

/// <summary>
/// Builds one rank's pipeline for one epoch. Called once per rank and epoch on a thread-pool thread, all ranks of an epoch at the
/// same time, after every rank has disposed its pipeline of the epoch before; what outlives an epoch (weights) is the factory's.
/// </summary>
/// <param name="rank">Global rank, from 0.</param>
/// <param name="epoch">Incarnation of the group of ranks, above all earlier ones. Ranks of one epoch share their IRankGroups.</param>
/// <param name="results">Takes the results; may be called from any thread and does not block.</param>
/// <returns>A pipeline that takes the epoch's plans; the rank's actor disposes it.</returns>
public delegate IRankPipeline RankPipelineFactory(int rank, long epoch, Action<StepResult> results);
