namespace Holdfast.Components.Files.Certificates;

/// <summary>What a configuration says that a file is.</summary>
internal enum NamedRole
{
    /// <summary>A certificate of this machine, with or without its chain, and perhaps its key.</summary>
    Certificate,

    /// <summary>A private key.</summary>
    Key,

    /// <summary>Certificates of those who are trusted: a file, or a folder of files.</summary>
    Authorities,

    /// <summary>A key store: PKCS#12, or Java's.</summary>
    Store,

    /// <summary>Diffie-Hellman parameters or revocation lists: needed to start, without a life of their own.</summary>
    Other,
}

/// <summary>A file that a configuration names.</summary>
/// <param name="Path">Absolute, as far as it can be told.</param>
/// <param name="Role">What it is said to be.</param>
/// <param name="Setting">The setting that names it: "ssl_certificate".</param>
/// <param name="NamedBy">The configuration file that the setting stands in.</param>
internal sealed record NamedFile(string Path, NamedRole Role, string Setting, string NamedBy);
