namespace AkkaCp.Pipeline.Steps;

/// <summary>Takes the logits of requests that asked for all of them.</summary>
public interface ILogitsSink
{
    /// <summary>Called once for each row, on a rank's own thread, in no fixed order across ranks; must copy what it keeps.</summary>
    /// <param name="sequenceId">Names the request in plans.</param>
    /// <param name="position">The row's absolute position in the request.</param>
    /// <param name="logits">[vocabulary] F32.</param>
    void Write(long sequenceId, int position, ReadOnlySpan<float> logits);
}
