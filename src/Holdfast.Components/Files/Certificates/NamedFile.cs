namespace Holdfast.Components.Files.Certificates;

/// <summary>The kind of file that a setting names.</summary>
internal enum NamedRole
{
    /// <summary>A certificate of this machine, with or without its chain, and perhaps its key.</summary>
    Certificate,

    /// <summary>A private key.</summary>
    Key,

    /// <summary>Certificates of trusted authorities: a file, or a folder of files.</summary>
    Authorities,

    /// <summary>A key store: PKCS#12, or Java's.</summary>
    Store,

    /// <summary>
    /// Diffie-Hellman parameters or revocation lists: needed to start, without a validity of their own that is checked.
    /// </summary>
    Other,
}

/// <summary>A file that a configuration names.</summary>
/// <param name="Path">The path, absolute as far as it can be resolved.</param>
/// <param name="Role">The kind of file that the setting expects.</param>
/// <param name="Setting">The setting that names it: "ssl_certificate".</param>
/// <param name="NamedBy">The configuration file that contains the setting.</param>
internal sealed record NamedFile(string Path, NamedRole Role, string Setting, string NamedBy);
