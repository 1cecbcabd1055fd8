using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Caches files of one repository on the local disk, so that they need not be fetched from a server again: indexes,
/// snapshots and packs of trees, encrypted as they are stored. Nothing read from the cache is trusted: whole files must
/// have the SHA-256 in their names, and blobs are authenticated and hashed by the caller that decrypts them. Each file
/// is complete under its name or absent; it need not survive a power failure. A failure disables the cache for this
/// process, and never fails the operation that uses it. Its methods may be called from several threads, and by several
/// processes.
/// </summary>
internal sealed class LocalCache : IDisposable
{
    /// <summary>The age after which an unfinished file has no writer any more.</summary>
    private static readonly TimeSpan _halfDone = TimeSpan.FromHours(1);

    private static readonly FileKind[] _kinds = [FileKind.Snapshot, FileKind.Index, FileKind.Pack];

    private readonly Lock _gate = new();
    private readonly Dictionary<FileKind, OpenFolder> _folders = [];
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly long _limit;
    private long _bytes;
    private string? _trouble;

    private LocalCache(CacheOptions options, TimeProvider clock) => (_limit, _clock) = (options.Limit, clock);

    /// <summary>Why the cache is disabled; null while it is in use.</summary>
    public string? Trouble => _trouble;

    /// <summary>Opens the cache of a repository, and creates it when it does not exist.</summary>
    public static LocalCache Open(CacheOptions options, Id repository, TimeProvider clock)
    {
        var cache = new LocalCache(options, clock);
        cache.Try<object?>(() =>
        {
            using var folder = CacheFolder.Open(options.Folder, repository.ToString());
            foreach (var kind in _kinds) cache._folders.Add(kind, CacheFolder.Below(folder, Layout.FolderOf(kind)));
            cache.Shrink(cache._limit);
            return null;
        });
        return cache;
    }

    /// <summary>
    /// Returns the whole content of a file; null when it is not cached, or does not match its name, in which case it is
    /// removed.
    /// </summary>
    public byte[]? TryRead(FileKind kind, string name)
    {
        var bytes = Try(() =>
        {
            using var file = Find(kind, name);
            if (file is null) return null;
            var content = new byte[RandomAccess.GetLength(file)];
            return Fill(file, content, 0) ? content : [];
        });
        if (bytes is null || Id.Hash(bytes).ToString() == name) return bytes;
        Remove(kind, name);
        return null;
    }

    /// <summary>
    /// Fills the destination from a pack; false when the pack is not cached or too short. The bytes are not verified.
    /// </summary>
    public bool TryReadPart(string pack, long offset, Memory<byte> destination) => Try(() =>
    {
        using var file = Find(FileKind.Pack, pack);
        return file is not null && Fill(file, destination.Span, offset);
    });

    /// <summary>
    /// Caches a file that was read from the store and has the digest in its name. A file of more than an eighth of the
    /// limit is not cached.
    /// </summary>
    public void Save(FileKind kind, string name, ReadOnlyMemory<byte> content)
    {
        if (content.Length > _limit / 8) return;
        Try<object?>(() =>
        {
            if (Interlocked.Read(ref _bytes) + content.Length > _limit) Shrink(_limit - (_limit / 8) - content.Length);
            Interlocked.Add(ref _bytes, content.Length);
            CacheFolder.Write(_folders[kind], name, content.Span);
            return null;
        });
    }

    public void Remove(FileKind kind, string name) => Try<object?>(() =>
    {
        CacheFolder.Remove(_folders[kind], name);
        return null;
    });

    /// <summary>Removes the files of a kind that the store no longer lists.</summary>
    public void Keep(FileKind kind, IReadOnlySet<string> listed) => Try<object?>(() =>
    {
        foreach (var name in _folders[kind].ReadNames())
            if (Layout.IsName(name) && !listed.Contains(name)) CacheFolder.Remove(_folders[kind], name);
        return null;
    });

    public void Dispose()
    {
        foreach (var folder in _folders.Values) folder.Dispose();
    }

    /// <summary>
    /// Removes the least recently used files until at most this number of bytes remains, and the leftovers of killed
    /// writers.
    /// </summary>
    private void Shrink(long most)
    {
        var files = new List<(FileKind Kind, string Name, long Size, DateTimeOffset Used)>();
        foreach (var kind in _kinds)
        {
            foreach (var name in _folders[kind].ReadNames())
            {
                if (!_folders[kind].TryFind(name, out var status)) continue;
                var used = status.ModifyTime.ToDateTimeOffset();
                if (Layout.IsName(name)) files.Add((kind, name, (long)status.Size, used));
                else if (_clock.GetUtcNow() - used > _halfDone) CacheFolder.Remove(_folders[kind], name);
            }
        }
        var bytes = files.Sum(file => file.Size);
        foreach (var file in files.OrderBy(file => file.Used).TakeWhile(_ => bytes > most))
        {
            CacheFolder.Remove(_folders[file.Kind], file.Name);
            bytes -= file.Size;
        }
        Interlocked.Exchange(ref _bytes, bytes);
    }

    /// <summary>Opens a cached file, and records that it was used.</summary>
    private SafeFileHandle? Find(FileKind kind, string name)
    {
        if (CacheFolder.OpenOrNothing(_folders[kind], name) is not { } file) return null;
        lock (_gate)
            if (!_touched.Add(name)) return file;
        File.SetLastWriteTimeUtc(file, _clock.GetUtcNow().UtcDateTime);
        return file;
    }

    private static bool Fill(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(file, destination, offset);
            if (count == 0) return false;
            destination = destination[count..];
            offset += count;
        }
        return true;
    }

    /// <summary>
    /// Runs an action; returns the default of the type where the cache is disabled, or is disabled by its failure.
    /// </summary>
    private T? Try<T>(Func<T> act)
    {
        if (_trouble is not null) return default;
        try
        {
            return act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _trouble ??= failure.Message;
            return default;
        }
    }
}
