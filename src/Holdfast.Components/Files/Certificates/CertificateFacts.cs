namespace Holdfast.Components.Files.Certificates;

/// <summary>The description of one certificate in the manifest. Nothing of it is secret.</summary>
internal sealed record CertificateFacts
{
    public required string Subject { get; init; }
    public required string Issuer { get; init; }

    /// <summary>Subject alternative names: DNS names and IP addresses.</summary>
    public required IReadOnlyList<string> Names { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The serial number in hexadecimal, as OpenSSL prints it.</summary>
    public required string Serial { get; init; }

    /// <summary>SHA-256 of the certificate, hexadecimal.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>
    /// SHA-256 of the public key with its algorithm (SubjectPublicKeyInfo), hexadecimal; it shows whether a key belongs
    /// to the certificate.
    /// </summary>
    public required string PublicKey { get; init; }
}

/// <summary>The description of a private key, which contains no part of the key.</summary>
/// <param name="Algorithm">
/// "RSA 2048", "EC 256"; "unknown" when it is encrypted or of a kind that .NET does not read.
/// </param>
/// <param name="IsEncrypted">True when it needs a passphrase, which a restored platform must have too.</param>
/// <param name="PublicKey">
/// The same digest as <see cref="CertificateFacts.PublicKey"/>; null when it is unknown.
/// </param>
internal sealed record KeyFacts(string Algorithm, bool IsEncrypted, string? PublicKey);

/// <summary>The content of a certificate or key file.</summary>
/// <param name="Format">"PEM", "DER", "PKCS#12" or "Java key store".</param>
/// <param name="Certificates">The certificates in the order of the file.</param>
/// <param name="Keys">Private keys.</param>
/// <param name="Broken">Why a part of it could not be read; null when all of it was.</param>
internal sealed record CertificateContent(string Format, IReadOnlyList<CertificateFacts> Certificates, IReadOnlyList<KeyFacts> Keys, string? Broken = null);
