namespace AkkaCp.Bench.Micro;

/// <summary>What one call of a benchmark computes and moves at least.</summary>
/// <param name="Flops">Multiplications and additions; 0 where they are not the point.</param>
/// <param name="Bytes">Bytes read and written, each once.</param>
internal readonly record struct Work(double Flops, double Bytes);
