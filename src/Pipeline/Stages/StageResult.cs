using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>What leaves a stage: its message, or the fault that ends the step. A fault rides the same links to the end.</summary>
internal readonly record struct StageResult<T>(StepContext Step, T? Message, PipelineFault? Fault)
    where T : class
{
    public override string ToString() => Fault is null ? Step.Plan.ToString() : $"{Step.Plan}: {Fault}";
}
