namespace Holdfast.Components.Files.Certificates;

/// <summary>What the manifest says of one certificate. Nothing of it is secret.</summary>
internal sealed record CertificateFacts
{
    public required string Subject { get; init; }
    public required string Issuer { get; init; }

    /// <summary>Subject alternative names: DNS names and IP addresses.</summary>
    public required IReadOnlyList<string> Names { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Hexadecimal, as OpenSSL prints it.</summary>
    public required string Serial { get; init; }

    /// <summary>SHA-256 of the certificate, hexadecimal.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>SHA-256 of the public key with its algorithm (SubjectPublicKeyInfo), hexadecimal; what tells that a key belongs to it.</summary>
    public required string PublicKey { get; init; }
}

/// <summary>What is known of a private key without keeping any of it.</summary>
/// <param name="Algorithm">"RSA 2048", "EC 256"; "unknown" when it is encrypted or of a kind that .NET does not read.</param>
/// <param name="IsEncrypted">It needs a passphrase, which a restored platform must have too.</param>
/// <param name="PublicKey">As <see cref="CertificateFacts.PublicKey"/>; null when it can't be told.</param>
internal sealed record KeyFacts(string Algorithm, bool IsEncrypted, string? PublicKey);

/// <summary>What a file holds.</summary>
/// <param name="Format">"PEM", "DER", "PKCS#12" or "Java key store".</param>
/// <param name="Certificates">In the order they stand in the file.</param>
/// <param name="Keys">Private keys.</param>
/// <param name="Broken">Why something in it could not be read; null when all of it was.</param>
internal sealed record CertificateContent(string Format, IReadOnlyList<CertificateFacts> Certificates, IReadOnlyList<KeyFacts> Keys, string? Broken = null);
