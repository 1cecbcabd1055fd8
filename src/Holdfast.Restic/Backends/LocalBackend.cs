using System.Security.Cryptography;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// A repository in a local directory, in restic's default layout: directories 0700, files 0400, or the permissions of a
/// repository that a group shares. A file is written under a temporary name in the same directory, flushed and renamed,
/// and the directory is flushed. Source: restic 0.14, internal/backend/local.
/// </summary>
public sealed class LocalBackend : IBackend
{
    private const UnixFileMode ReadOnlyByOwner = UnixFileMode.UserRead;
    private readonly string _root;
    private readonly AccessModes _modes;
    private readonly RepositoryFolders _folders;

    /// <param name="path">
    /// The directory; a relative path is resolved now, against the current working directory.
    /// </param>
    /// <exception cref="ResticException">NoRepository when the path is empty.</exception>
    public LocalBackend(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new ResticException(ResticError.NoRepository, "The path of the repository is empty.");
        Location = path;
        _root = Path.GetFullPath(path);
        _modes = new AccessModes(_root);
        _folders = new RepositoryFolders(_root);
    }

    public string Location { get; }

    /// <summary>Two, as in restic: more requests only cause seeks on a spinning disk.</summary>
    public int Concurrency => 2;

    public ValueTask<PlaceState> LookAsync(CancellationToken cancellation = default) =>
        new(LocalFailure.GuardReading(Location, "", () => Directory.Exists(_root) ? Folder.Look(_root) : PlaceState.Missing));

    public ValueTask CreateAsync(CancellationToken cancellation = default)
    {
        LocalFailure.Guard(Location, "", () =>
        {
            Folder.Create(_root);
            foreach (var folder in Layout.Folders) MakeFolder(folder);
            Folder.Flush(_folders.Find(Layout.FolderOf(FileKind.Pack)).Path);
            Folder.Flush(_folders.Find("").Path);
        });
        return default;
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(
        FileKind kind, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        foreach (var folder in LocalFailure.GuardReading(Location, Layout.FolderOf(kind), () => FoldersOf(kind)))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var file in LocalFailure.GuardReading(Location, Layout.FolderOf(kind), () => FilesOf(kind, folder)))
                yield return file;
        }
        await ValueTask.CompletedTask;
    }

    public ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) =>
        new(LocalFailure.GuardReading(Location, Layout.PathOf(kind, name), () => Size(kind, name)));

    public ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        LocalFailure.GuardReading(Location, Layout.PathOf(kind, name), () => Read(kind, name, offset, destination.Span));
        return default;
    }

    public ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        LocalFailure.Guard(Location, Layout.PathOf(kind, name), () => Save(kind, name, content.Span));
        return default;
    }

    public ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        LocalFailure.Guard(Location, Layout.PathOf(kind, name), () => Remove(kind, name));
        return default;
    }

    public ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default) =>
        new(LocalFailure.Guard(Location, Layout.FolderOf(FileKind.Lock), () => (DateTimeOffset?)LocalFiles.Now(_folders.Find(Layout.FolderOf(FileKind.Lock)).Path)));

    public ValueTask ForgetCachedAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        LocalFailure.GuardReading(Location, Layout.PathOf(kind, name), () =>
        {
            using var file = OpenToRead(kind, name);
            LocalFiles.Forget(file);
        });
        return default;
    }

    public async ValueTask<int> RemoveLeftoversAsync(TimeSpan age, CancellationToken cancellation = default)
    {
        var removed = 0;
        var before = await NowAsync(cancellation) - age;
        foreach (var folder in LocalFailure.Guard(Location, "", () => Enum.GetValues<FileKind>().Where(kind => kind != FileKind.Config).SelectMany(FoldersOf).ToList()))
        {
            cancellation.ThrowIfCancellationRequested();
            removed += LocalFailure.Guard(Location, folder, () => RemoveAll(ReadFolder(() => Folder.Leftovers(_folders.Find(folder).Path, before!.Value))));
        }
        return removed;
    }

    private static int RemoveAll(IReadOnlyList<string> files)
    {
        foreach (var file in files) File.Delete(file);
        return files.Count;
    }

    /// <summary>Creates a directory in an existing one.</summary>
    private void MakeFolder(string relative) => _modes.MakeFolder(Path.Combine(_folders.Find(Path.GetDirectoryName(relative)!).Path, Path.GetFileName(relative)));

    // Exists would be shorter, but it also returns false when permission is denied.
    private IReadOnlyList<string> FoldersOf(FileKind kind)
    {
        var folder = Layout.FolderOf(kind);
        return kind == FileKind.Pack ? [.. ReadFolder(() => Folder.PackFolders(_folders.Find(folder).Path)).Select(name => $"{folder}/{name}")] : [folder];
    }

    private IReadOnlyList<StoredFile> FilesOf(FileKind kind, string folder)
    {
        if (kind != FileKind.Config) return ReadFolder(() => Folder.Files(_folders.Find(folder).Path));
        try
        {
            return [new StoredFile("", Size(kind, ""))];
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>
    /// Some copies lose empty directories (object stores, rsync -m): a missing one counts as empty as long as the root
    /// exists.
    /// </summary>
    private IReadOnlyList<T> ReadFolder<T>(Func<IEnumerable<T>> read)
    {
        try
        {
            return [.. read()];
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(_root))
        {
            return [];
        }
    }

    private long Size(FileKind kind, string name)
    {
        using var handle = OpenToRead(kind, name);
        return RandomAccess.GetLength(handle);
    }

    private SafeFileHandle OpenToRead(FileKind kind, string name)
    {
        var folder = _folders.Find(Layout.FolderOf(kind, name));
        return LocalFiles.OpenRead(Path.Combine(folder.Path, FileNameOf(kind, name)), mayBeLink: folder.Held is null);
    }

    private static string FileNameOf(FileKind kind, string name) => Path.GetFileName(Layout.PathOf(kind, name));

    private void Remove(FileKind kind, string name)
    {
        try
        {
            File.Delete(Path.Combine(_folders.Find(Layout.FolderOf(kind, name)).Path, FileNameOf(kind, name)));
        }
        catch (DirectoryNotFoundException)
        {
            // Without its directory the file does not exist either.
        }
    }

    private void Read(FileKind kind, string name, long offset, Span<byte> destination)
    {
        using var handle = OpenToRead(kind, name);
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(handle, destination, offset);
            if (read == 0)
                throw new ResticException(ResticError.Damaged, $"{Layout.PathOf(kind, name)} in {Location} is truncated: it ends after {RandomAccess.GetLength(handle)} bytes.");
            offset += read;
            destination = destination[read..];
        }
    }

    private void Save(FileKind kind, string name, ReadOnlySpan<byte> content)
    {
        var folder = FindOrMake(Layout.FolderOf(kind, name));
        var path = Path.Combine(folder, FileNameOf(kind, name));
        var temporary = $"{path}-tmp-{RandomNumberGenerator.GetHexString(10, lowercase: true)}";
        try
        {
            Write(temporary, content);
            Publish(kind, temporary, path, content);
            Folder.Flush(folder);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private string FindOrMake(string relative)
    {
        if (relative.Length == 0)
        {
            _modes.MakeFolder(_root);
            return _folders.Find("").Path;
        }
        FindOrMake(Path.GetDirectoryName(relative)!);
        MakeFolder(relative);
        return _folders.Find(relative).Path;
    }

    private void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = ReadOnlyByOwner,
        };
        using var file = new FileStream(path, options);
        _modes.Apply(file.SafeFileHandle);
        file.Position = DirectWriter.Write(file.SafeFileHandle, content, 0);
        file.Write(content[(int)file.Position..]);
        file.Flush(flushToDisk: true);
    }

    /// <summary>
    /// Stores a file. Any file but the config is named by its content, so replacing one can only repair it. Two
    /// concurrent inits must not replace each other's config: the second one fails.
    /// </summary>
    private static void Publish(FileKind kind, string temporary, string path, ReadOnlySpan<byte> content)
    {
        if (kind != FileKind.Config || !File.Exists(path))
            File.Move(temporary, path, overwrite: kind != FileKind.Config);
        else if (content.SequenceEqual(File.ReadAllBytes(path)))
            File.Delete(temporary);
        else
            throw new ResticException(ResticError.AlreadyThere, $"There is a config already: {path}.");
    }
}
