namespace Holdfast.Restic.Sftp;

/// <summary>An entry of a directory: a name without a slash, otherwise not validated, and its attributes.</summary>
internal readonly record struct SftpEntry(string Folder, string Name, SftpAttributes Attributes);

/// <summary>
/// File operations over a channel. Failures are <see cref="SftpFailure"/>, after which the channel remains usable.
/// </summary>
internal sealed class SftpFiles(SftpChannel channel)
{
    /// <summary>
    /// More files than any repository has, as in a listing by REST; the same limit applies to skipped entries.
    /// </summary>
    private const int MostEntries = 2_000_000;

    /// <summary>The number of directories that are read concurrently: servers limit the number of open files.</summary>
    private const int FoldersAtOnce = 64;

    private const int LongestHandle = 256; // draft-ietf-secsh-filexfer-02, section 6.2

    /// <summary>
    /// Returns the attributes of files, in the order of their paths; links are followed. Null for a path that does not
    /// exist.
    /// </summary>
    public async Task<SftpAttributes?[]> StatAsync(params IReadOnlyList<string> paths)
    {
        var found = new SftpAttributes?[paths.Count];
        for (var i = 0; i < paths.Count; i++)
        {
            var place = i;
            channel.Ask(SftpType.Stat, request => request.Text(paths[place]), (type, answer) => found[place] = AttributesIfAny(type, answer));
            await channel.MakeRoomAsync();
        }
        await channel.CompleteAsync();
        return found;
    }

    /// <summary>Fills the destination with the bytes at an offset; returns how many the file has.</summary>
    public async Task<int> ReadAsync(string path, long offset, Memory<byte> destination)
    {
        var handle = await OpenAsync(path, SftpOpen.Read);
        return await ReadAsync(handle, offset, destination);
    }

    /// <summary>Returns the whole content of a file.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="allow">Called with its size before it is read; throws if it is too large.</param>
    /// <returns>Null when the length of the file differs from its size.</returns>
    public async Task<byte[]?> ReadWholeAsync(string path, Action<long> allow)
    {
        long? size = null;
        channel.Ask(SftpType.Stat, request => request.Text(path), (type, answer) => size = AttributesIfAny(type, answer)?.Size);
        var handle = await OpenAsync(path, SftpOpen.Read);
        if (size is not { } bytes) throw new SftpViolation($"it does not say how large {path} is");
        allow(bytes);
        var content = new byte[bytes];
        return await ReadAsync(handle, 0, content) == bytes ? content : null;
    }

    /// <summary>Creates a file, and flushes it to the disk of the server where the server supports it.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="content">The content of the file.</param>
    /// <param name="mode">The permission bits.</param>
    /// <param name="isExact">Whether to set the mode regardless of the server's umask.</param>
    public async Task WriteAsync(string path, ReadOnlyMemory<byte> content, uint mode, bool isExact)
    {
        var handle = await OpenAsync(path, SftpOpen.Write | SftpOpen.Create | SftpOpen.Exclusive, mode);
        if (isExact) channel.Ask(SftpType.SetFileStatus, request => request.Bytes(handle).Mode(mode), RequireOk);
        for (var offset = 0; offset < content.Length && !channel.HasFailed; offset += channel.Piece)
        {
            var (at, piece) = (offset, content.Slice(offset, Math.Min(channel.Piece, content.Length - offset)));
            channel.Ask(SftpType.Write, request => request.Bytes(handle).LongNumber(at).Bytes(piece.Span), RequireOk);
            await channel.MakeRoomAsync();
        }
        Flush(handle);
        channel.Ask(SftpType.Close, request => request.Bytes(handle), RequireOk);
        await channel.CompleteAsync();
    }

    /// <summary>
    /// Renames a file, and flushes the new name to disk as far as SFTP permits: it cannot flush a directory, but
    /// flushing a file that was just renamed causes the Linux file systems (ext4, XFS, btrfs) to write the rename
    /// first.
    /// </summary>
    /// <param name="from">The path of the file.</param>
    /// <param name="to">The new path.</param>
    /// <param name="replace">
    /// Whether to replace an existing file: only where the server supports the extension for it.
    /// </param>
    public async Task RenameAsync(string from, string to, bool replace)
    {
        if (replace) channel.Ask(SftpType.Extended, request => request.Text(SftpExtension.PosixRename).Text(from).Text(to), RequireOk);
        else channel.Ask(SftpType.Rename, request => request.Text(from).Text(to), RequireOk);
        await channel.CompleteAsync();
        if (!channel.Has(SftpExtension.Flush)) return;
        var handle = await OpenAsync(to, SftpOpen.Read);
        Flush(handle);
        channel.Ask(SftpType.Close, request => request.Bytes(handle), answer: null);
        await channel.CompleteAsync();
    }

    /// <summary>Removes files; files that do not exist are not an error.</summary>
    public async Task RemoveAsync(params IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            channel.Ask(SftpType.Remove, request => request.Text(path), RequireGone);
            await channel.MakeRoomAsync();
        }
        await channel.CompleteAsync();
    }

    /// <summary>Creates directories; existing ones are left unchanged.</summary>
    public async Task MakeFoldersAsync(IReadOnlyList<string> paths, uint mode)
    {
        var refused = new List<(string Path, SftpFailure Failure)>();
        foreach (var path in paths)
        {
            channel.Ask(SftpType.MakeFolder, request => request.Text(path).Mode(mode), (type, answer) =>
            {
                if (FailureIfAny(type, answer) is { } failure) refused.Add((path, failure));
            });
            await channel.MakeRoomAsync();
        }
        await channel.CompleteAsync();
        // In version 3 an existing directory is a failure like any other.
        var there = await StatAsync([.. refused.Select(one => one.Path)]);
        for (var i = 0; i < refused.Count; i++)
            if (there[i] is not { IsFolder: true }) throw refused[i].Failure;
    }

    /// <summary>Sets the mode of a file or a directory.</summary>
    public async Task SetModeAsync(string path, uint mode)
    {
        channel.Ask(SftpType.SetStatus, request => request.Text(path).Mode(mode), RequireOk);
        await channel.CompleteAsync();
    }

    /// <summary>
    /// Returns the entries of some directories that match a filter. A directory that does not exist has none.
    /// </summary>
    /// <param name="folders">The paths of the directories.</param>
    /// <param name="isWanted">Returns true for entries to return.</param>
    /// <returns>The entries, and the first directory that does not exist.</returns>
    public async Task<(IReadOnlyList<SftpEntry> Entries, string? Missing)> ListAsync(IEnumerable<string> folders, Predicate<SftpEntry> isWanted)
    {
        var (listing, missing) = (new SftpListing(isWanted, MostEntries), (string?)null);
        foreach (var some in folders.Chunk(FoldersAtOnce))
        {
            var open = new List<(string Folder, byte[] Handle)>();
            foreach (var folder in some)
            {
                channel.Ask(SftpType.OpenFolder, request => request.Text(folder), (type, answer) =>
                {
                    if (type == SftpType.Handle) open.Add((folder, HandleOf(type, answer)));
                    else if (FailureOf(type, answer) is { Status: SftpStatus.NoSuchFile }) missing ??= folder;
                    else throw FailureOf(type, answer);
                });
            }
            await channel.CompleteAsync();
            await ListAsync(open, listing);
        }
        return (listing.Entries, missing);
    }

    /// <summary>Adds attributes that a listing does not contain: of links, and of servers that send no sizes.</summary>
    public async Task<IReadOnlyList<SftpEntry>> CompleteAsync(IReadOnlyList<SftpEntry> entries)
    {
        var unsure = entries.Where(entry => entry.Attributes is not { IsFile: true, Size: not null }).ToList();
        if (unsure.Count == 0) return entries;
        var found = await StatAsync([.. unsure.Select(entry => $"{entry.Folder}/{entry.Name}")]);
        return [.. entries.Except(unsure), .. unsure.Zip(found).Where(one => one.Second is { IsFolder: false }).Select(one => one.First with { Attributes = one.Second!.Value })];
    }

    /// <summary>
    /// Returns the free space; null where the server does not report it. Source: OpenSSH, PROTOCOL, section 4.4.
    /// </summary>
    public async Task<SftpRoom?> FindRoomAsync(string path)
    {
        if (!channel.Has(SftpExtension.FileSystem)) return null;
        SftpRoom? room = null;
        channel.Ask(SftpType.Extended, request => request.Text(SftpExtension.FileSystem).Text(path), (type, answer) =>
            room = type == SftpType.ExtendedReply ? SftpRoom.Read(answer) : null);
        await channel.CompleteAsync();
        return room;
    }

    private async Task ListAsync(List<(string Folder, byte[] Handle)> open, SftpListing listing)
    {
        var left = open.ToList();
        while (left.Count > 0)
        {
            var ended = new HashSet<byte[]>();
            foreach (var (folder, handle) in left)
            {
                channel.Ask(SftpType.ReadFolder, request => request.Bytes(handle), (type, answer) =>
                {
                    if (type == SftpType.Name) listing.Add(folder, answer);
                    else if (FailureOf(type, answer) is { Status: not SftpStatus.EndOfFile } failure) throw failure;
                    else ended.Add(handle);
                });
            }
            await channel.CompleteAsync();
            left.RemoveAll(one => ended.Contains(one.Handle)); // compares array identity, not content
        }
        foreach (var (_, handle) in open) channel.Ask(SftpType.Close, request => request.Bytes(handle), answer: null);
    }

    private async Task<byte[]> OpenAsync(string path, SftpOpen how, uint? mode = null)
    {
        byte[] handle = [];
        channel.Ask(SftpType.Open, request => request.Text(path).Number((uint)how).Mode(mode), (type, answer) =>
            handle = HandleOf(type, answer));
        await channel.CompleteAsync();
        return handle;
    }

    /// <summary>Reads from an open file, and closes it.</summary>
    private async Task<int> ReadAsync(byte[] handle, long offset, Memory<byte> destination)
    {
        var end = destination.Length;
        try
        {
            for (var at = 0; at < end; at += channel.Piece)
            {
                AskForPiece(at, Math.Min(channel.Piece, destination.Length - at));
                await channel.MakeRoomAsync();
            }
            await channel.CompleteAsync();
        }
        finally
        {
            channel.Ask(SftpType.Close, request => request.Bytes(handle), answer: null);
        }
        await channel.CompleteAsync();
        return end;

        void AskForPiece(int at, int length) => channel.Ask(
            SftpType.Read, request => request.Bytes(handle).LongNumber(offset + at).Number((uint)length), (type, answer) => Take(at, length, type, answer));

        void Take(int at, int length, SftpType type, SftpReader answer)
        {
            if (type != SftpType.Data)
            {
                end = FailureOf(type, answer) is { Status: not SftpStatus.EndOfFile } failure ? throw failure : Math.Min(end, at);
                return;
            }
            var data = answer.Bytes();
            if (data.Length == 0 || data.Length > length) throw new SftpViolation("it sent no data, or more than it was asked for");
            data.CopyTo(destination.Span[at..]);
            if (data.Length < length) AskForPiece(at + data.Length, length - data.Length);
        }
    }

    private void Flush(byte[] handle)
    {
        if (channel.Has(SftpExtension.Flush)) channel.Ask(SftpType.Extended, request => request.Text(SftpExtension.Flush).Bytes(handle), RequireOk);
    }

    private static void RequireOk(SftpType type, SftpReader answer)
    {
        if (FailureIfAny(type, answer) is { } failure) throw failure;
    }

    private static void RequireGone(SftpType type, SftpReader answer)
    {
        if (FailureIfAny(type, answer) is { Status: not SftpStatus.NoSuchFile } failure) throw failure;
    }

    private static SftpAttributes? AttributesIfAny(SftpType type, SftpReader answer)
    {
        if (type == SftpType.Attributes) return answer.Attributes();
        return FailureOf(type, answer) is { Status: not SftpStatus.NoSuchFile } failure ? throw failure : null;
    }

    private static byte[] HandleOf(SftpType type, SftpReader answer)
    {
        if (type != SftpType.Handle) throw FailureOf(type, answer);
        return answer.Bytes() is { Length: <= LongestHandle } handle ? handle.ToArray() : throw new SftpViolation("a handle is longer than any may be");
    }

    /// <summary>
    /// Returns the failure in an answer, which must be a status because it does not have the requested type.
    /// </summary>
    private static SftpFailure FailureOf(SftpType type, SftpReader answer) =>
        FailureIfAny(type, answer) ?? throw new SftpViolation("it reports success without what was asked for");

    private static SftpFailure? FailureIfAny(SftpType type, SftpReader answer)
    {
        if (type != SftpType.Status) throw new SftpViolation("an answer does not fit its request");
        return answer.Failure() is { Status: not SftpStatus.Ok } failure ? failure : null;
    }
}
