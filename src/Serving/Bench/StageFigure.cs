namespace AkkaCp.Serving.Bench;

/// <summary>One stage of a run.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Milliseconds">Time that a rank's thread computed for it, mean over ranks, all layers and chunks.</param>
/// <param name="Gflops">Useful GFLOP/s of all ranks together during that time; 0 for a stage that multiplies nothing.</param>
internal sealed record StageFigure(string Name, double Milliseconds, double Gflops);
