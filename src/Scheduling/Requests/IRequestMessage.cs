namespace AkkaCp.Scheduling.Requests;

/// <summary>A message about one request.</summary>
public interface IRequestMessage
{
    /// <summary>Names the request in all messages about it.</summary>
    Guid RequestId { get; }
}
