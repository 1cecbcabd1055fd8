using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Files of one repository on the disk of this machine, so that they need not be asked of a server again: indexes,
/// snapshots and packs of trees, sealed as they are stored. Nothing that is read here is believed: whole files have to
/// have the SHA-256 that they are named by, and blobs are authenticated and hashed by whoever opens them. Each file is
/// whole under its name or not there; it need not survive a power cut. What fails turns the cache off for this process,
/// and never what uses it. Its methods may be called from several threads, and by several processes.
/// </summary>
internal sealed class LocalCache : IDisposable
{
    /// <summary>A file that was not finished for so long has no writer any more.</summary>
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

    /// <summary>Why it is not used any more; null while it is.</summary>
    public string? Trouble => _trouble;

    /// <summary>Opens the cache of a repository, and makes it when it is not there.</summary>
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

    /// <summary>The whole content of a file; null when it is not here, or is not what its name says: then it is removed.</summary>
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

    /// <summary>Fills the destination from a pack; false when it is not here or too short. What it reads may be anything.</summary>
    public bool TryReadPart(string pack, long offset, Memory<byte> destination) => Try(() =>
    {
        using var file = Find(FileKind.Pack, pack);
        return file is not null && Fill(file, destination.Span, offset);
    });

    /// <summary>Keeps a file that was read from the store and has the digest that it is named by. One of more than an eighth of the limit is not kept.</summary>
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

    /// <summary>Removes the files of a kind that the store does not list any more.</summary>
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

    /// <summary>Removes what was used longest ago until no more than so many bytes are left, and what killed writers have left.</summary>
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

    /// <summary>Opens a file that is here, and notes that it was used.</summary>
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

    /// <summary>The default of the type where the cache is off, or is turned off by this.</summary>
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
