using System.Net.Sockets;

namespace AkkaCp.Actors.Links;

/// <summary>Why a process could not be reached, in words.</summary>
internal static class DialProblem
{
    /// <summary>Nothing came back.</summary>
    public const string NoAnswer = "no answer";

    /// <summary>The words.</summary>
    public static string Of(SocketException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "refused, nobody listens there",
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the name has no address",
            SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no way to the host",
            SocketError.TimedOut => NoAnswer,
            _ => error.Message,
        };
    }
}
