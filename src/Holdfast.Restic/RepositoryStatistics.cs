namespace Holdfast.Restic;

/// <summary>Counts and bytes of a repository. Stored bytes are as the backend lists them.</summary>
public sealed record RepositoryStatistics(int Snapshots, int Packs, long PackBytes, long DataBlobs, long TreeBlobs, long BlobBytes, long StoredBytes);
