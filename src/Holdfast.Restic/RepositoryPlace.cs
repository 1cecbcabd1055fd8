using Holdfast.Restic.Backends;

namespace Holdfast.Restic;

/// <summary>Examines a location where a repository is expected, or is to be created.</summary>
internal static class RepositoryPlace
{
    private static readonly FileKind[] _kinds = [FileKind.Key, FileKind.Snapshot, FileKind.Index, FileKind.Pack, FileKind.Lock];

    /// <summary>Returns the stored bytes of the config, without verifying them.</summary>
    /// <exception cref="ResticException">ConfigLost, or NoRepository.</exception>
    public static async Task<byte[]> ReadConfigAsync(IBackend backend, CancellationToken cancellation)
    {
        try
        {
            return await StoredFiles.ReadAsync(backend, FileKind.Config, "", cancellation);
        }
        catch (ResticException missing) when (missing.Error == ResticError.NotFound)
        {
            throw await FindRemainsAsync(backend, cancellation) is { } remains
                ? ConfigLost(backend, remains)
                : await NoRepositoryAsync(backend, cancellation);
        }
    }

    /// <summary>Returns true when a config exists, without reading it.</summary>
    public static async Task<bool> HasConfigAsync(IBackend backend, CancellationToken cancellation)
    {
        try
        {
            await backend.SizeAsync(FileKind.Config, "", cancellation);
            return true;
        }
        catch (ResticException e) when (e.Error == ResticError.NotFound)
        {
            return false;
        }
    }

    /// <summary>
    /// Describes the remains of a repository without a config: "keys" or "snapshots and index", for example; null when
    /// there are none.
    /// </summary>
    public static async Task<string?> FindRemainsAsync(IBackend backend, CancellationToken cancellation)
    {
        var found = new List<string>();
        foreach (var kind in _kinds)
            if (await HasAnyAsync(backend, kind, cancellation)) found.Add(Layout.FolderOf(kind));
        return found.Count == 0 ? null : string.Join(" and ", found);
    }

    /// <summary>
    /// Returns whether a repository is at the location; false when one can be created there. ConfigLost, Occupied.
    /// </summary>
    public static async Task<bool> HasRepositoryAsync(IBackend backend, CancellationToken cancellation)
    {
        if (await HasConfigAsync(backend, cancellation)) return true;
        if (await FindRemainsAsync(backend, cancellation) is { } remains) throw ConfigLost(backend, remains);
        return await backend.LookAsync(cancellation) == PlaceState.Occupied
            ? throw new ResticException(ResticError.Occupied, $"The directory '{backend.Location}' holds other files and no repository, so none is made in it.")
            : false;
    }

    /// <summary>
    /// Returns the exception for a missing repository, which describes what is at the location instead.
    /// </summary>
    public static async Task<ResticException> NoRepositoryAsync(IBackend backend, CancellationToken cancellation)
    {
        var why = await backend.LookAsync(cancellation) switch
        {
            PlaceState.Missing => "the directory does not exist",
            PlaceState.NoBucket => "its bucket does not exist",
            PlaceState.Empty => "the directory is empty",
            _ => "it has no file 'config'",
        };
        return new ResticException(ResticError.NoRepository, $"There is no repository in '{backend.Location}': {why}.");
    }

    /// <summary>Returns the exception for a repository whose config is missing.</summary>
    public static ResticException ConfigLost(IBackend backend, string remains) => new(ResticError.ConfigLost,
        $"There is a repository in '{backend.Location}' that has lost its file 'config': there are files in {remains}.");

    private static async Task<bool> HasAnyAsync(IBackend backend, FileKind kind, CancellationToken cancellation)
    {
        try
        {
            await foreach (var _ in backend.ListAsync(kind, cancellation)) return true;
            return false;
        }
        catch (ResticException e) when (e.Error == ResticError.NotFound)
        {
            return false; // the location does not exist yet
        }
    }
}
