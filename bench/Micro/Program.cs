using AkkaCp.Bench.Micro;
using BenchmarkDotNet.Running;

// Micro benchmarks of operators and of a Dataflow hop: bench/Micro --filter '*' [--artifacts DIR]. They run in this process, so that
// nothing is built; each operator runs on one thread, so that its figures are a core's.
BenchmarkSwitcher.FromAssembly(typeof(MicroConfig).Assembly).Run(args, new MicroConfig());
