using Holdfast.Restic.Indexing;

namespace Holdfast.Restic.Restoring;

/// <summary>The state shared by the parts of one restore.</summary>
internal sealed class RestoreContext(Repository repository, BlobIndex index, RestoreOptions options) : IDisposable
{
    public Repository Repository { get; } = repository;
    public BlobIndex Index { get; } = index;
    public RestoreOptions Options { get; } = options;
    public RestoreTally Tally { get; } = new(options);
    public Placement Placement { get; } = new(options);
    public TemporaryName Temporary { get; } = new();
    public NodeMetadata Metadata { get; } = new(options);
    public FolderHandles Folders { get; } = new();

    public void Dispose() => Folders.Dispose();
}
