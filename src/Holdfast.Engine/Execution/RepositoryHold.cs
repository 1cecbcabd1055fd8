using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Engine.Execution;

/// <summary>
/// The repository while a run uses it: opened, locked, and released in the right order. It is also the undo handler of
/// its lock: in the run itself it releases the lock; after a crash it removes the lock that the dead process left
/// behind.
/// </summary>
internal sealed class RepositoryHold(RepositorySettings settings) : IUndoHandler, IAsyncDisposable
{
    private Repository? _repository;
    private RepositoryLock? _lock;

    public string Kind => "repository.unlock";

    /// <summary>The snapshot being written, if there is one; it is abandoned before the lock is released.</summary>
    public SnapshotWriter? Writer { get; set; }

    public Repository Repository => _repository ?? throw new InvalidOperationException("The repository has not been opened.");

    /// <summary>Opens the repository; nothing is written.</summary>
    public async Task<Repository> OpenAsync(CancellationToken cancellation) =>
        _repository ??= await Repository.OpenAsync(settings.Backend, settings.Password, settings.Options, cancellation);

    /// <summary>Locks the repository until it is released. Losing the lock stops the run.</summary>
    public async Task LockAsync(StepContext context, Interruption interruption, CancellationToken cancellation)
    {
        await context.OweAsync(Undo, cancellation);
        _lock = await Repository.LockAsync(LockKind.Shared, cancellation: cancellation);
        Watch(_lock, interruption);
        await Repository.RefreshAsync(cancellation); // a prune may have removed what a plan has read before the lock
    }

    /// <summary>
    /// Locks the repository for a run that only reads: where nothing can be written, the run continues without a lock
    /// and warns.
    /// </summary>
    public async Task LockToReadAsync(StepContext context, Interruption interruption, CancellationToken cancellation)
    {
        await context.OweAsync(Undo, cancellation);
        _lock = await Repository.LockToReadAsync(cancellation: cancellation);
        if (_lock is not null)
        {
            Watch(_lock, interruption);
            await Repository.RefreshAsync(cancellation);
            return;
        }
        await context.SettleAsync(Undo, cancellation);
        context.Warn(Catalogue.RepositoryUnlocked.With($"The repository '{settings.Path}' is read-only, so it was read without a lock."));
    }

    /// <summary>Releases the snapshot writer, the lock and the repository.</summary>
    public async Task ReleaseAsync(StepContext context, CancellationToken cancellation)
    {
        var isLocked = _lock is not null;
        await DisposeAsync();
        if (isLocked) await context.SettleAsync(Undo, cancellation);
    }

    public async Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        if (_lock is not null) await DisposeAsync();
        else if (_repository is not null && undo.Arguments["repository"] == settings.Path) await _repository.UnlockAsync(all: false, cancellation);
        else await UnlockAsync(undo.Arguments["repository"], cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        var (writer, held, repository) = (Writer, _lock, _repository);
        (Writer, _lock, _repository) = (null, null, null);
        // A step that was left behind may still use the writer: the lock then ends with the process, and the next run
        // removes it.
        using var patience = new CancellationTokenSource(Abandonable.Grace);
        await Abandonable.RunAsync(() => DisposeAsync(repository, held, writer), TimeProvider.System, patience.Token);
    }

    private static async Task DisposeAsync(Repository? repository, RepositoryLock? held, SnapshotWriter? writer)
    {
        await using (repository)
        await using (held)
        await using (writer)
        {
            // Released in reverse order, each even when the one before it fails.
        }
    }

    private static void Watch(RepositoryLock held, Interruption interruption) => held.Lost.Register(() => interruption.Stop(held.Loss.ToProblem()));

    private Undo Undo => new(Kind, $"Release the lock on the repository '{settings.Path}'.", new Dictionary<string, string>(StringComparer.Ordinal) { ["repository"] = settings.Path });

    /// <summary>A repository that is gone has no locks.</summary>
    private async Task UnlockAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using var repository = await Repository.OpenAsync(settings.BackendOf(path), settings.Password, settings.Options, cancellation);
            await repository.UnlockAsync(all: false, cancellation);
        }
        catch (ResticException gone) when (gone.Error == ResticError.NoRepository)
        {
            // Nothing is left to be unlocked.
        }
    }
}
