using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>A file that configurations name, and what was found at its path.</summary>
internal sealed record FoundFile
{
    /// <summary>The path as named, made absolute.</summary>
    public required string Path { get; init; }

    /// <summary>All settings that name it; at least one.</summary>
    public required IReadOnlyList<NamedFile> NamedBy { get; init; }

    /// <summary>Its real path, and the links on the way.</summary>
    public required PathTrail Trail { get; init; }

    /// <summary>The content; null when the file does not exist or cannot be read.</summary>
    public CertificateContent? Content { get; init; }

    /// <summary>Permission bits; 0 when the file does not exist.</summary>
    public UnixFileMode Mode { get; init; }

    /// <summary>Why it cannot be read, as the end of a sentence; null when it was read.</summary>
    public string? Unreadable { get; init; }

    /// <summary>Why its existence cannot be determined; null when it can.</summary>
    public string? Unseen { get; init; }

    /// <summary>
    /// True when every configuration that names it can be changed by a user who is not its owner, and such a user
    /// cannot read it, or it is neither a certificate nor a key: it is not captured because of these configurations.
    /// </summary>
    public bool IsDistrusted { get; init; }

    /// <summary>
    /// True when every configuration that names it can be changed by a user who is not its owner, and it is a
    /// certificate or key that such a user can read: a restore in place does not restore an older version because of
    /// these configurations.
    /// </summary>
    public bool IsLent { get; init; }

    public bool IsMissing => Trail.Place is null;

    public bool Is(NamedRole role) => NamedBy.Any(named => named.Role == role);

    /// <summary>True when it holds a private key that any user of the machine can read.</summary>
    public bool ExposesKey => Mode.HasFlag(UnixFileMode.OtherRead) && (Content?.Keys.Count > 0 || Is(NamedRole.Key));
}
