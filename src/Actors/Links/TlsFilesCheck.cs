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
        var files = FilesOf(tls);
        try
        {
            if (files is not null)
                NodeTls.Check(files);
            return files;
        }
        catch (TlsFilesException unusable)
        {
            throw Refusal(tls, unusable);
        }
    }

    /// <summary>The files as they are named, for who tries them itself; null where TLS is off.</summary>
    public static TlsFiles? FilesOf(TlsSettings tls)
    {
        ArgumentNullException.ThrowIfNull(tls);
        return tls.IsOn
            ? new TlsFiles { CertificateFile = tls.Certificate!, KeyFile = tls.Key, Password = tls.Password, AuthorityFile = tls.Ca! }
            : null;
    }

    /// <summary>That a file cannot be used, by its key.</summary>
    public static SettingsException Refusal(TlsSettings tls, TlsFilesException unusable)
    {
        ArgumentNullException.ThrowIfNull(tls);
        ArgumentNullException.ThrowIfNull(unusable);
        return new SettingsException([$"akka-cp.transport.tls.{(unusable.File == tls.Ca ? "ca" : "certificate")}: {unusable.Message}"]);
    }
}
