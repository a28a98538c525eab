using System.Net.Sockets;

namespace AkkaCp.Collectives;

/// <summary>Why an address cannot be listened on, in words.</summary>
public static class ListenProblem
{
    /// <summary>The words, behind the key of the configuration that is to blame.</summary>
    /// <param name="section">Section that has the keys <c>host</c> and <c>port</c>.</param>
    /// <param name="host">The address.</param>
    /// <param name="port">The port.</param>
    /// <param name="error">What listening gave.</param>
    public static string Of(string section, string host, int port, SocketException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{section}.port: expected a port of {host} that is free, found {port} taken",
            SocketError.AccessDenied =>
                $"{section}.port: expected a port that this process may open, found {port}, which needs more rights",
            SocketError.AddressNotAvailable => $"{section}.host: expected an address of this machine, found {host}",
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                $"{section}.host: expected an address, or a name that has one, found {host}",
            _ => $"{section}: {host}:{port} cannot be listened on: {error.Message}",
        };
    }
}
