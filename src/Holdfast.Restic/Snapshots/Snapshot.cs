namespace Holdfast.Restic.Snapshots;

/// <summary>
/// A snapshot: a tree, and when, where and by which user it was created. Source: restic 0.14,
/// internal/restic/snapshot.go; newer versions add the program's version and a summary.
/// </summary>
public sealed record Snapshot
{
    /// <summary>The name of the stored file; zero until it is saved. Not part of the file.</summary>
    public Id Id { get; init; }

    public required Timestamp Time { get; init; }
    public Id? Parent { get; init; }
    public required Id Tree { get; init; }
    public IReadOnlyList<string> Paths { get; init; } = [];
    public string Hostname { get; init; } = "";
    public string Username { get; init; } = "";
    public uint Uid { get; init; }
    public uint Gid { get; init; }
    public IReadOnlyList<string> Excludes { get; init; } = [];
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The snapshot that this one was rewritten from, if any.</summary>
    public Id? Original { get; init; }

    public string ProgramVersion { get; init; } = "";
}
