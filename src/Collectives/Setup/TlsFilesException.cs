using System.Security.Authentication;

namespace AkkaCp.Collectives.Setup;

/// <summary>One of this node's own TLS files cannot be used.</summary>
/// <param name="file">Which.</param>
/// <param name="why">What is wrong with it.</param>
/// <param name="cause">What reading it threw.</param>
public sealed class TlsFilesException(string file, string why, Exception cause)
    : AuthenticationException($"{file} cannot be used: {why.ReplaceLineEndings(" ")}", cause)
{
    /// <summary>Which.</summary>
    public string File { get; } = file;
}
