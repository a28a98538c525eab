namespace AkkaCp.Scheduling.Requests;

/// <summary>Why a request ended without a failure.</summary>
public enum CompletionReason
{
    /// <summary>A stop token was sampled.</summary>
    Stop,

    /// <summary>The limit of new tokens, or the model's or pool's length, was reached.</summary>
    Length,

    /// <summary>The edge cancelled it.</summary>
    Cancelled,
}
