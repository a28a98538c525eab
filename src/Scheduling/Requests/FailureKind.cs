namespace AkkaCp.Scheduling.Requests;

/// <summary>Why a request failed.</summary>
public enum FailureKind
{
    /// <summary>The request itself is wrong: token ids, numbers.</summary>
    Invalid,

    /// <summary>The prompt is longer than the model's context or the whole KV pool.</summary>
    ContextLengthExceeded,

    /// <summary>The queue is full; the message says how long it is.</summary>
    Busy,

    /// <summary>A stage, a rank or a peer failed during one of the request's steps.</summary>
    Fault,

    /// <summary>The engine is shutting down.</summary>
    ShuttingDown,

    /// <summary>For as long as a request may wait there was no coordinator, or no group of ranks.</summary>
    Unavailable,
}
