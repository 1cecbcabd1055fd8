using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>A file that configurations name, and what it turned out to be.</summary>
internal sealed record FoundFile
{
    /// <summary>As named, made absolute.</summary>
    public required string Path { get; init; }

    /// <summary>All settings that name it; at least one.</summary>
    public required IReadOnlyList<NamedFile> NamedBy { get; init; }

    /// <summary>Where it really stands, and the links on the way.</summary>
    public required PathTrail Trail { get; init; }

    /// <summary>What is in it; null when there is no file or it can't be read.</summary>
    public CertificateContent? Content { get; init; }

    /// <summary>Permission bits; 0 when it is not there.</summary>
    public UnixFileMode Mode { get; init; }

    /// <summary>Why it can't be read, in a sentence's end; null when it was.</summary>
    public string? Unreadable { get; init; }

    /// <summary>Why it can't be told whether it is there; null when it can.</summary>
    public string? Unseen { get; init; }

    /// <summary>Only configurations name it that can be changed by users who cannot read it, or it is no certificate and no key: it is not captured for their sake.</summary>
    public bool IsDistrusted { get; init; }

    /// <summary>Only configurations name it that can be changed by users who can read it, but do not own it: a restore in place does not bring an older one back for their sake.</summary>
    public bool IsLent { get; init; }

    public bool IsMissing => Trail.Place is null;

    public bool Is(NamedRole role) => NamedBy.Any(named => named.Role == role);

    /// <summary>It holds a private key that any user of the machine can read.</summary>
    public bool ExposesKey => Mode.HasFlag(UnixFileMode.OtherRead) && (Content?.Keys.Count > 0 || Is(NamedRole.Key));
}
