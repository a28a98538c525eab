using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// What leaves a stage: its message, or the fault that ends the step; the message is empty then. A fault rides the same links to the end.
/// </summary>
internal readonly record struct StageResult<T>(StepContext Step, T Message, PipelineFault? Fault)
    where T : struct
{
    public override string ToString() => Fault is null ? Step.ToString() : $"{Step}: {Fault}";
}
