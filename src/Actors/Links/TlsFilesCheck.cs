using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Setup;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Links;

/// <summary>Tries the files of <c>akka-cp.transport.tls</c> before anything listens.</summary>
public static class TlsFilesCheck
{
    /// <summary>The files; null where TLS is off.</summary>
    /// <exception cref="SettingsException">A file cannot be read, or is not what it should be.</exception>
    public static TlsFiles? Require(TlsSettings tls)
    {
        ArgumentNullException.ThrowIfNull(tls);
        if (!tls.IsOn)
            return null;
        var files =
            new TlsFiles { CertificateFile = tls.Certificate!, KeyFile = tls.Key, Password = tls.Password, AuthorityFile = tls.Ca! };
        try
        {
            NodeTls.Check(files);
            return files;
        }
        catch (TlsFilesException unusable)
        {
            var key = unusable.File == files.AuthorityFile ? "ca" : "certificate";
            throw new SettingsException([$"akka-cp.transport.tls.{key}: {unusable.Message}"]);
        }
    }
}
