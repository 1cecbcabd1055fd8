using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Restoring;

/// <summary>A folder that was archived into a repository in memory, and another to restore it to.</summary>
internal sealed class Archived : IAsyncDisposable
{
    private readonly TempFolder _temp = new();

    public MemoryBackend Backend { get; private set; } = new();

    public Repository Repository { get; private set; } = null!;

    public Snapshot Snapshot { get; set; } = null!;

    /// <summary>What was archived.</summary>
    public string Source => _temp["source"];

    /// <summary>Where it is restored to; it does not exist at first.</summary>
    public string Target => _temp["target"];

    /// <summary>Archives what a test makes in a folder.</summary>
    public static async Task<Archived> MakeAsync(Action<string> fill, OpenOptions? options = null)
    {
        var archived = new Archived();
        Directory.CreateDirectory(archived.Source);
        fill(archived.Source + "/");
        var init = new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) };
        archived.Repository = await Repository.InitAsync(archived.Backend, "geheim", init, options, TestContext.Current.CancellationToken);
        await using var writer = await archived.Repository.BeginSnapshotAsync(null, TestContext.Current.CancellationToken);
        await writer.AddPathsAsync([archived.Source], new ArchiveOptions(), TestContext.Current.CancellationToken);
        archived.Snapshot = await writer.CommitAsync(new SnapshotHeader { Paths = [archived.Source], Hostname = "test" }, TestContext.Current.CancellationToken);
        return archived;
    }

    public Task<RestoreReport> RestoreAsync(RestoreOptions? options = null, CancellationToken? cancellation = null) =>
        Repository.RestoreAsync(Snapshot, Source, Target, options ?? new RestoreOptions(), cancellation ?? TestContext.Current.CancellationToken);

    /// <summary>What differs between the source and the target, one line each. The target's own metadata is the user's.</summary>
    public async Task<IReadOnlyList<string>> DifferencesAsync() =>
        (await Tree.ListAsync(Source)).Differences(await Tree.ListAsync(Target), (path, entry) => path.Length == 0 ? entry with { Mode = "", ModifyTime = "", Attributes = "" } : entry);

    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync();
        _temp.Dispose();
    }
}
