using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// A repository in a directory of an SFTP server, in the layout of a local one: directories 0700 and files 0600, as
/// restic creates them there, or with the permissions of a repository that a group shares. A file is written under a
/// temporary name in the same directory, flushed where the server supports it (fsync@openssh.com), and renamed. Source:
/// restic 0.18, internal/backend/sftp/sftp.go.
/// </summary>
public sealed class SftpBackend : IBackend
{
    private readonly SftpPool _pool;
    private readonly SftpPaths _paths;
    private readonly SftpModes _modes;

    /// <param name="location">The location of the repository.</param>
    /// <param name="options">The program that connects to the server, and the timeouts.</param>
    /// <exception cref="ResticException">Unsupported: no program that connects to the server is configured.</exception>
    public SftpBackend(SftpLocation location, SftpOptions options)
    {
        (Location, Concurrency) = (location.ToString(), options.Traffic.Connections);
        _pool = new SftpPool(location, options);
        _paths = new SftpPaths(location.Directory);
        _modes = new SftpModes(_paths);
    }

    public string Location { get; }

    public int Concurrency { get; }

    public bool IsRemote => true;

    public async ValueTask<PlaceState> LookAsync(CancellationToken cancellation = default)
    {
        const int enough = 1000; // a repository has 7 names, and "lost+found"
        var names = new List<string>();
        var missing = await RunAsync("the directory", async files => (await files.ListAsync([_paths.Root], Note)).Missing, cancellation);
        return missing is null ? Layout.StateOf(names) : PlaceState.Missing;

        bool Note(SftpEntry entry)
        {
            if (names.Count < enough) names.Add(entry.Name);
            return false;
        }
    }

    public async ValueTask CreateAsync(CancellationToken cancellation = default) => await ChangeAsync("the repository", 0, async files =>
    {
        await MakeRootAsync(files);
        foreach (var level in Layout.Folders.GroupBy(folder => folder.Contains('/')))
            await _modes.MakeFoldersAsync(files, [.. level.Select(_paths.Of)]);
    }, cancellation);

    public async IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (kind == FileKind.Config)
        {
            if (await FindSizeAsync(kind, "", cancellation) is { } size) yield return new StoredFile("", size);
            yield break;
        }
        foreach (var entry in await ListAsync(kind, IsStored, cancellation))
            yield return new StoredFile(entry.Name, entry.Attributes.Size ?? throw Unsized(kind, entry.Name), entry.Attributes.Modified);

        static bool IsStored(SftpEntry entry) => Layout.IsName(entry.Name) && !entry.Attributes.IsFolder;
    }

    public async ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) =>
        await FindSizeAsync(kind, name, cancellation)
            ?? throw new ResticException(ResticError.NotFound, $"{Layout.PathOf(kind, name)} in {Location} is not there.");

    public async ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        if (destination.IsEmpty) return;
        var path = _paths.Of(kind, name);
        var count = await RunAsync(Layout.PathOf(kind, name), files => files.ReadAsync(path, offset, destination), cancellation);
        if (count < destination.Length) throw Truncated(kind, name);
    }

    public async ValueTask<byte[]> ReadWholeAsync(FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        var path = _paths.Of(kind, name);
        return await RunAsync(Layout.PathOf(kind, name), files => files.ReadWholeAsync(path, Allow), cancellation) ?? throw Truncated(kind, name);

        void Allow(long size)
        {
            if (size > limit) throw IBackend.TooLarge(kind, name, size);
        }
    }

    public async ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        var (file, path) = (Layout.PathOf(kind, name), _paths.Of(kind, name));
        var upload = new SftpUpload(path, content, mayReplace: kind != FileKind.Config);
        await ChangeAsync(file, content.Length, (channel, tries) => upload.RunAsync(channel, _modes, tries > 0, MakeFolderAsync), cancellation);
        if (upload.HasFoundAnother) throw new ResticException(ResticError.AlreadyThere, $"There is a config already in {Location}.");

        async Task MakeFolderAsync(SftpFiles files)
        {
            await MakeRootAsync(files);
            if (kind == FileKind.Pack) await _modes.MakeFoldersAsync(files, [_paths.Of(Layout.FolderOf(kind))]);
            await _modes.MakeFoldersAsync(files, [path[..path.LastIndexOf('/')]]);
        }
    }

    public async ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        var path = _paths.Of(kind, name);
        await ChangeAsync(Layout.PathOf(kind, name), 0, files => files.RemoveAsync(path), cancellation);
    }

    public async ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default)
    {
        DateTimeOffset? now = null;
        await ChangeAsync(Layout.FolderOf(FileKind.Lock), 1, async files =>
        {
            var probe = _paths.Of($"{Layout.FolderOf(FileKind.Lock)}/clock-tmp-{RandomNumberGenerator.GetHexString(10, lowercase: true)}");
            await files.WriteAsync(probe, new byte[1], SftpModes.OwnersFile, isExact: false);
            now = await files.StatAsync(probe) is [{ } made] ? made.Modified : null;
            await files.RemoveAsync(probe);
        }, cancellation);
        return now;
    }

    public async ValueTask<int> RemoveLeftoversAsync(TimeSpan age, CancellationToken cancellation = default)
    {
        if (await NowAsync(cancellation) - age is not { } before) return 0;
        var old = new List<string>();
        foreach (var kind in Enum.GetValues<FileKind>().Where(kind => kind != FileKind.Config))
        {
            var left = await ListAsync(kind, entry => Layout.IsTemporaryName(entry.Name) && !entry.Attributes.IsFolder, cancellation);
            old.AddRange(left.Where(entry => entry.Attributes.Modified < before).Select(entry => $"{entry.Folder}/{entry.Name}"));
        }
        await ChangeAsync("what killed writers have left", 0, files => files.RemoveAsync(old), cancellation);
        return old.Count;
    }

    /// <summary>Some copies lose empty directories: a missing one counts as empty as long as the root exists.</summary>
    private Task<IReadOnlyList<SftpEntry>> ListAsync(FileKind kind, Predicate<SftpEntry> isWanted, CancellationToken cancellation)
    {
        return RunAsync(Layout.FolderOf(kind), ListAsync, cancellation);

        async Task<IReadOnlyList<SftpEntry>> ListAsync(SftpFiles files)
        {
            var (entries, missing) = await files.ListAsync(_paths.FoldersOf(kind), isWanted);
            if (missing is not null && await files.StatAsync(_paths.Root) is [null])
                throw new ResticException(ResticError.NotFound, $"{Layout.FolderOf(kind)} in {Location} is not there.");
            return await files.CompleteAsync(entries);
        }
    }

    private async Task<long?> FindSizeAsync(FileKind kind, string name, CancellationToken cancellation)
    {
        var path = _paths.Of(kind, name);
        return await RunAsync(Layout.PathOf(kind, name), files => files.StatAsync(path), cancellation) switch
        {
            [{ IsFile: false }] => throw new ResticException(ResticError.Damaged, $"{Layout.PathOf(kind, name)} in {Location} is no file."),
            [{ } file] => file.Size ?? throw Unsized(kind, name),
            _ => null,
        };
    }

    private async Task MakeRootAsync(SftpFiles files)
    {
        if (await files.StatAsync(_paths.Root) is [{ IsFolder: true }]) return;
        foreach (var folder in _paths.WayToRoot) await files.MakeFoldersAsync([folder], SftpModes.OwnersFolder);
    }

    /// <summary>Runs an operation that only reads.</summary>
    private async Task<T> RunAsync<T>(string what, Func<SftpFiles, Task<T>> act, CancellationToken cancellation)
    {
        try
        {
            return await _pool.RunAsync((channel, _) => act(new SftpFiles(channel)), IsOfLocks(what), cancellation);
        }
        catch (SftpFailure failure)
        {
            throw Explain(failure, what, room: null, bytes: 0);
        }
    }

    private Task ChangeAsync(string what, long bytes, Func<SftpFiles, Task> act, CancellationToken cancellation) =>
        ChangeAsync(what, bytes, (channel, _) => act(new SftpFiles(channel)), cancellation);

    /// <summary>
    /// Runs an operation that writes: if it fails without a reason, the free space is checked as a possible cause.
    /// </summary>
    private async Task ChangeAsync(string what, long bytes, Func<SftpChannel, int, Task> act, CancellationToken cancellation)
    {
        var (failure, room) = await _pool.RunAsync(ActAsync, IsOfLocks(what), cancellation);
        if (failure is not null) throw Explain(failure, what, room, bytes);

        async Task<(SftpFailure? Failure, SftpRoom? Room)> ActAsync(SftpChannel channel, int tries)
        {
            try
            {
                await act(channel, tries);
                return default;
            }
            catch (SftpFailure refused)
            {
                return (refused, refused.Status == SftpStatus.Failure ? await new SftpFiles(channel).FindRoomAsync(_paths.Root) : null);
            }
        }
    }

    /// <summary>Returns true for an operation on locks, by the path that messages name.</summary>
    private static bool IsOfLocks(string what) => what.StartsWith(Layout.FolderOf(FileKind.Lock), StringComparison.Ordinal);

    private ResticException Explain(SftpFailure failure, string what, SftpRoom? room, long bytes) => (failure.Status, room) switch
    {
        (SftpStatus.NoSuchFile, _) => new(ResticError.NotFound, $"{what} in {Location} is not there.", failure),
        (SftpStatus.PermissionDenied, _) => new(ResticError.ReadOnly, $"{what} in {Location} may not be touched: permission denied.", failure),
        (_, { IsReadOnly: true }) => new(ResticError.ReadOnly, $"{what} in {Location} cannot be written: the file system is read-only.", failure),
        (_, { } little) when little.IsTooSmallFor(bytes) => new(ResticError.Full, $"No room is left for {what} in {Location}.", failure),
        _ => new(ResticError.InputOutput, $"{what} in {Location}: the server answers '{failure.Message}'.", failure),
    };

    private ResticException Truncated(FileKind kind, string name) =>
        new(ResticError.Damaged, $"{Layout.PathOf(kind, name)} in {Location} is truncated.");

    private ResticException Unsized(FileKind kind, string name) =>
        new(ResticError.InputOutput, $"{Location} does not say how large {Layout.PathOf(kind, name)} is.");
}
