using Holdfast.Restic.Indexing;

namespace Holdfast.Restic.Restoring;

/// <summary>What the parts of one restore share.</summary>
internal sealed class RestoreContext(Repository repository, BlobIndex index, RestoreOptions options)
{
    public Repository Repository { get; } = repository;
    public BlobIndex Index { get; } = index;
    public RestoreOptions Options { get; } = options;
    public RestoreTally Tally { get; } = new(options);
    public Placement Placement { get; } = new(options);
    public TemporaryName Temporary { get; } = new();
}
